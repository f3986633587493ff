package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.NodeId;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the log asks of the system, as {@code strace} sees it: which writes each commit makes and when they are flushed. That a
 * flush does what it says is the system's promise.
 */
final class FlushTest {
    private static final long MAP_BYTES = 1L << 30;
    private static final LmdbLog.Options OPTIONS = new LmdbLog.Options(4 << 10, 0, 64 << 20, 64 << 10);
    private static final int PAGE = 4096;
    private static final Pattern OPENED = Pattern.compile("openat\\(.*\"(.*)\", (\\S+?)(, \\d+)?\\) = (\\d+)");
    private static final Pattern WRITTEN = Pattern.compile("pwrite64\\((\\d+), .*, (\\d+)\\) = \\d+");
    private static final Pattern SEVERAL_WRITTEN = Pattern.compile("writev\\((\\d+), .* = \\d+");
    private static final Pattern FLUSHED = Pattern.compile("f(?:data)?sync\\((\\d+)\\) += 0");

    private static final String STEP = "\"step \"";

    @TempDir
    Path directory;

    /**
     * What a commit asked for: {@code p} pages, {@code m} a meta page, {@code M} one by a descriptor that flushes, {@code f} a
     * flush; of the tail {@code t} a write, {@code T} a flush.
     */
    private final List<StringBuilder> commits = new ArrayList<>();

    @Test
    void anAppendIsOneWriteAndOneFlushAndEveryOtherCommitAndTheEndAreLmdbsOwn() throws Exception {
        trace();
        for (int step = 0; step < Writer.STEPS; step++) {
            String asked = commits.get(step).toString();
            assertThat(asked).as("step %d, of %s", step, commits).matches(step % 4 == 0 ? "tT" : "p+fM");
        }
        assertThat(commits).hasSize(Writer.STEPS + 1);
        assertThat(commits.get(Writer.STEPS).toString()).as("the end").matches("p+fM");
    }

    /** Runs the writer and sorts its calls by the step that they belong to; the opening comes before the first. */
    private void trace() throws Exception {
        assumeTrue(canTrace(), "strace is not installed, or may not trace: WHICH WRITES ARE FLUSHED IS NOT CHECKED");
        Path log = Files.createDirectories(directory.resolve("log"));
        Path traces = Files.createDirectories(directory.resolve("traces"));
        String calls = "trace=openat,pwrite64,writev,fsync,fdatasync,write";
        Process child = ChildJvm.start(
                List.of("strace", "-ff", "-qq", "-s", "32", "-e", calls, "-o", traces.resolve("thread") + ""),
                Writer.class,
                List.of(log.toString()));
        try (BufferedReader lines = ChildJvm.lines(child)) {
            lines.lines().forEach(line -> {});
        }
        assertThat(child.waitFor()).isZero();
        boolean begun = false;
        int file = -1;
        int flushing = -1;
        int tail = -1;
        for (String line : linesOfTheWriter(traces)) {
            Matcher opened = OPENED.matcher(line);
            boolean opens = opened.find();
            if (opens && opened.group(1).equals(log + "/tail")) {
                tail = Integer.parseInt(opened.group(4));
            }
            if (opens && opened.group(1).startsWith(log + "/data.mdb")) {
                boolean flushes = opened.group(2).contains("SYNC");
                flushing = flushes ? Integer.parseInt(opened.group(4)) : flushing;
                file = !flushes && file < 0 ? Integer.parseInt(opened.group(4)) : file;
            }
            if (line.contains(STEP)) {
                begun = true;
                commits.add(new StringBuilder());
            }
            if (begun) {
                note(line, file, flushing, tail);
            }
        }
        assertThat(flushing).as("LMDB's second descriptor").isPositive();
    }

    private static boolean canTrace() throws InterruptedException {
        try {
            return new ProcessBuilder("strace", "-o", "/dev/null", "true")
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException missing) {
            return false;
        }
    }

    /** Each thread has a file of its own. */
    private static List<String> linesOfTheWriter(Path traces) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(traces)) {
            for (Path file : files) {
                List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
                if (lines.stream().anyMatch(line -> line.contains(STEP))) {
                    return lines;
                }
            }
        }
        throw new AssertionError("no thread of " + traces + " wrote a step");
    }

    private void note(String line, int file, int flushing, int tail) {
        StringBuilder commit = commits.get(commits.size() - 1);
        Matcher written = WRITTEN.matcher(line);
        Matcher severalWritten = SEVERAL_WRITTEN.matcher(line);
        Matcher flushed = FLUSHED.matcher(line);
        if (written.find()) {
            boolean meta = Long.parseLong(written.group(2)) < 2 * PAGE;
            int descriptor = Integer.parseInt(written.group(1));
            if (descriptor == file || descriptor == flushing) {
                commit.append(!meta ? "p" : descriptor == flushing ? "M" : "m");
            }
            commit.append(descriptor == tail ? "t" : "");
        } else if (severalWritten.find() && Integer.parseInt(severalWritten.group(1)) == file) {
            commit.append("p"); // LMDB's way for pages in a row; never for a meta page.
        } else if (flushed.find()) {
            int descriptor = Integer.parseInt(flushed.group(1));
            commit.append(descriptor == file ? "f" : descriptor == tail ? "T" : "");
        }
    }

    /** The process that is traced. Every fourth commit, from the first to the last, only appends. */
    static final class Writer {
        static final int STEPS = 25;

        private Writer() {}

        public static void main(String[] args) throws IOException {
            try (LmdbLog log = LmdbLog.open(Path.of(args[0]), MAP_BYTES, OPTIONS, CommitObserver.NONE)) {
                for (int step = 0; step < STEPS; step++) {
                    say();
                    long term = log.hardState().currentTerm();
                    long next = log.last().index() + 1;
                    switch (step % 4) {
                        case 0 -> log.write(null, List.of(entry(next, term), entry(next + 1, term)));
                        case 1 -> log.write(new HardState(term + 1, new NodeId(2)), List.of());
                        case 2 -> log.write(null, List.of(entry(next - 1, term)));
                        default -> log.write(new HardState(term + 1, null), List.of(entry(next, term + 1)));
                    }
                }
                say();
            }
        }

        /** In one call, so that it stands in one line of the trace. */
        private static void say() {
            System.out.write("step ".getBytes(StandardCharsets.UTF_8), 0, 5);
            System.out.flush();
        }

        private static LogEntry entry(long index, long term) {
            return new LogEntry(index, term, ByteBuffer.wrap(new byte[200]));
        }
    }
}

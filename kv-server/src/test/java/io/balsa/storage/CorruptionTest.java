package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.node.StorageException;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.NodeId;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One flipped bit: what was damaged is refused by name, and never is anything else read than what was written. */
final class CorruptionTest {
    private static final long MAP_BYTES = 1L << 30;
    private static final LmdbLog.Options OPTIONS = new LmdbLog.Options(8 << 10, 0, 64 << 20, 64 << 10);
    private static final int ENTRIES = 120;
    private static final int PAGE = 4096;

    @TempDir
    Path directory;

    private byte[] content = {};

    @BeforeEach
    void writeALog() throws IOException {
        Path original = Files.createDirectory(directory.resolve("original"));
        try (LmdbLog log = LmdbLog.open(original, MAP_BYTES, OPTIONS, CommitObserver.NONE)) {
            int index = 1;
            while (index <= ENTRIES) {
                List<LogEntry> entries = new ArrayList<>();
                int count = 1 + index % 7;
                for (int i = 0; i < count; i++) {
                    entries.add(StorageContract.entry(index, index / 10 + 1, command(index)));
                    index++;
                }
                log.write(new HardState(index / 10 + 1, new NodeId(2)), entries);
            }
        }
        content = Files.readAllBytes(original.resolve("data.mdb"));
    }

    private static String command(int index) {
        return "<" + index + ">" + "x".repeat(index * 37 % 900) + "</" + index + ">";
    }

    @Test
    void aFlippedBitInACommandIsRefusedAndTheEntryNamed() throws IOException {
        for (int index : new int[] {1, 17, 60, ENTRIES}) {
            Path damaged = copyWithFlippedBit(indexOf("</" + index + ">") + 1, 3);
            assertThatThrownBy(() -> digest(damaged, OPTIONS))
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining("entry " + index + " (term " + (index / 10 + 1))
                    .hasMessageContaining(damaged.resolve("data.mdb").toString())
                    .hasMessageContaining("is damaged");
        }
    }

    @Test
    void damageBeforeTheVerifiedPartIsRefusedWhenItIsRead() throws IOException {
        LmdbLog.Options tailOnly = new LmdbLog.Options(8 << 10, 0, 1, 64 << 10);
        Path damaged = copyWithFlippedBit(indexOf("</17>") + 1, 3);
        try (LmdbLog log = LmdbLog.open(damaged, MAP_BYTES, tailOnly, CommitObserver.NONE)) {
            assertThat(log.read(ENTRIES, ENTRIES, 1)).hasSize(1);
            assertThatThrownBy(() -> log.read(1, ENTRIES, Long.MAX_VALUE)).hasMessageContaining("entry 17 (term 2");
            assertThatThrownBy(() -> log.termAt(17)).hasMessageContaining("entry 17 (term 2");
        }
    }

    @Test
    void aFlippedBitInAnEntrysHeaderIsRefusedAndTheEntryNamed() throws IOException {
        int command = indexOf("<60>");
        for (int field : new int[] {17, 9, 1}) { // Checksum, term, kind.
            Path damaged = copyWithFlippedBit(command - field, 0);
            assertThatThrownBy(() -> digest(damaged, OPTIONS)).hasMessageContaining("entry 60 ");
        }
        Path damaged = copyWithFlippedBit(command - 12, 6); // The length's third byte.
        assertThatThrownBy(() -> digest(damaged, OPTIONS)).hasMessageContaining("entry 60 ");
    }

    @Test
    void aFileThatIsCutShortIsRefused() throws IOException {
        Path damaged = copyWithFlippedBit(0, 0);
        Files.write(damaged.resolve("data.mdb"), Arrays.copyOf(content, PAGE + 100));
        assertThatThrownBy(() -> digest(damaged, OPTIONS)).hasMessageContaining("it ends after");
    }

    @Test
    void aFlippedBitAnywhereIsRefusedOrHarmlessOrEndsTheProcessButNeverReadsWrong() throws Exception {
        long seed = System.nanoTime();
        System.out.println("aFlippedBitAnywhere…: seed " + seed);
        Random random = new Random(seed);
        List<String> copies = new ArrayList<>();
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < 120; i++) {
            // Half of them in the page headers, node offsets and meta pages, where the structure is.
            int at = random.nextInt(content.length);
            at = i % 2 == 0 ? at / PAGE * PAGE + random.nextInt(i % 4 == 0 ? 160 : 32) : at;
            String copy = copyWithFlippedBit(at, random.nextInt(8)).toString();
            copies.add(copy);
            places.put(copy, at);
        }
        String right = digest(directory.resolve("original"), OPTIONS);
        int next = 0;
        int refused = 0;
        int crashed = 0;
        while (next < copies.size()) {
            Process child = ChildJvm.start(Reader.class, copies.subList(next, copies.size()));
            try (BufferedReader lines = ChildJvm.lines(child)) {
                String line;
                while ((line = lines.readLine()) != null) {
                    if (line.startsWith("read ")) {
                        assertThat(line)
                                .as("byte %d", places.get(copies.get(next)))
                                .isEqualTo("read " + right);
                        next++;
                    } else if (line.equals("refused")) {
                        refused++;
                        next++;
                    }
                }
            }
            if (child.waitFor() != 0) {
                crashed++;
                next++;
            }
        }
        System.out.println(refused + " refused, " + crashed + " ended the process, of " + copies.size());
        assertThat(refused).isPositive();
    }

    /** Reads each log named in its arguments. */
    static final class Reader {
        private Reader() {}

        public static void main(String[] args) {
            for (String each : args) {
                String result;
                try {
                    result = "read " + digest(Path.of(each), OPTIONS);
                } catch (RuntimeException | AssertionError refusal) {
                    result = "refused";
                }
                System.out.println(result);
            }
        }
    }

    /** Everything that the log says, in few characters. */
    private static String digest(Path log, LmdbLog.Options options) {
        try (LmdbLog opened = LmdbLog.open(log, MAP_BYTES, options, CommitObserver.NONE)) {
            StringBuilder all = new StringBuilder();
            for (LogEntry entry : opened.read(1, opened.last().index(), Long.MAX_VALUE)) {
                all.append(entry.id())
                        .append(StandardCharsets.UTF_8.decode(entry.command().duplicate()));
            }
            return opened.last() + " " + opened.hardState() + " "
                    + all.toString().hashCode();
        }
    }

    private Path copyWithFlippedBit(int at, int bit) throws IOException {
        Path copy = Files.createTempDirectory(directory, "damaged");
        byte[] bytes = content.clone();
        bytes[at] ^= (byte) (1 << bit);
        Files.write(copy.resolve("data.mdb"), bytes);
        Tail.create(copy.resolve("tail"), OPTIONS.tailBytes()).close();
        return copy;
    }

    /** Where the text is. Pages that were copied on write still hold it, too: the place is the one that counts. */
    private int indexOf(String text) throws IOException {
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        List<Integer> places = new ArrayList<>();
        for (int at = 2 * PAGE; at + wanted.length <= content.length; at++) {
            if (ByteBuffer.wrap(content, at, wanted.length).equals(ByteBuffer.wrap(wanted)) && counts(at)) {
                places.add(at);
            }
        }
        assertThat(places).as("places of %s", text).hasSize(1);
        return places.get(0);
    }

    /** Whether a flip there is seen at all. */
    private boolean counts(int at) throws IOException {
        try {
            digest(copyWithFlippedBit(at, 0), OPTIONS);
            return false;
        } catch (StorageException refused) {
            return true;
        }
    }
}

package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.NodeId;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a process that writes, again and again, and looks at what it left. A kill keeps the system's page cache: it
 * shows that both environments are whole at any moment, not that the disk flushed them.
 */
final class CrashTest {
    private static final int KILLS = 5;
    private static final int KEYS = 500;
    private static final long MAP_BYTES = 1L << 30;
    private static final long TABLE_BYTES = 30_000;
    private static final Pattern SAID = Pattern.compile("(written|checkpointed) (\\d+) \\.");
    private static final NodeId NODE = new NodeId(1);

    @TempDir
    Path directory;

    @Test
    void whatWasAcknowledgedBeforeAKillIsThereAfterIt() throws Exception {
        long seed = System.nanoTime();
        System.out.println("whatWasAcknowledgedBeforeAKillIsThereAfterIt: seed " + seed);
        Random random = new Random(seed);
        long written = 0;
        long checkpointed = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            Process child = ChildJvm.start(Writer.class, List.of(directory.toString()));
            try (BufferedReader lines = ChildJvm.lines(child)) {
                int linesUntilKill = 5 + random.nextInt(40);
                String line;
                for (int count = 0; (line = lines.readLine()) != null; count++) {
                    Matcher said = SAID.matcher(line); // The kill may cut the last line.
                    if (said.matches() && said.group(1).equals("written")) {
                        written = Long.parseLong(said.group(2));
                    } else if (said.matches()) {
                        checkpointed = Long.parseLong(said.group(2));
                    }
                    if (count == linesUntilKill) {
                        child.toHandle().destroyForcibly(); // Process's own would close the stream, too.
                    }
                }
            }
            assertThat(child.waitFor()).isEqualTo(128 + 9);
            verify(written, checkpointed);
        }
        assertThat(written).isPositive();
        assertThat(checkpointed).isPositive();
    }

    private void verify(long written, long checkpointed) {
        try (DataDirectory opened = DataDirectory.open(directory, "crash", NODE);
                LmdbLog log = LmdbLog.open(opened, MAP_BYTES, CommitObserver.NONE);
                LmdbState state = LmdbState.open(opened, MAP_BYTES, TABLE_BYTES, CheckpointObserver.NONE)) {
            assertThat(log.last().index()).isGreaterThanOrEqualTo(written);
            assertThat(state.lastApplied()).isBetween(checkpointed, log.last().index());
            assertThat(log.hardState().currentTerm()).isEqualTo(log.last().term());
            List<LogEntry> entries = log.read(1, log.last().index(), Long.MAX_VALUE);
            assertThat(entries).hasSize((int) log.last().index());
            for (LogEntry entry : entries) {
                assertThat(entry.command()).isEqualTo(command(entry.index()));
            }
            for (int key = 0; key < KEYS; key++) {
                long latest = state.lastApplied() - Math.floorMod(state.lastApplied() - key, KEYS);
                byte[] expected = latest < 1 ? null : command(latest).array();
                assertThat(state.get(key(key))).isEqualTo(expected);
            }
        }
    }

    private static byte[] key(long index) {
        return ("key " + Math.floorMod(index, KEYS)).getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuffer command(long index) {
        byte[] bytes = new byte[(int) (50 + index % 300)];
        new Random(index).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    /** The process that is killed: writes, applies what it wrote, and says so after it is durable. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) throws IOException {
            try (DataDirectory opened = DataDirectory.open(Path.of(args[0]), "crash", NODE);
                    LmdbLog log = LmdbLog.open(opened, MAP_BYTES, CommitObserver.NONE);
                    LmdbState state = LmdbState.open(opened, MAP_BYTES, TABLE_BYTES, CheckpointObserver.NONE)) {
                if (state.lastApplied() < log.last().index()) {
                    for (LogEntry entry :
                            log.read(state.lastApplied() + 1, log.last().index(), Long.MAX_VALUE)) {
                        apply(state, entry.index());
                    }
                }
                Random random = new Random();
                long checkpointed = 0;
                while (true) {
                    long term = log.hardState().currentTerm() + 1;
                    List<LogEntry> entries = new ArrayList<>();
                    int count = 1 + random.nextInt(40);
                    for (int i = 1; i <= count; i++) {
                        long index = log.last().index() + i;
                        entries.add(new LogEntry(index, term, command(index)));
                    }
                    log.write(new HardState(term, NODE), entries);
                    System.out.println("written " + log.last().index() + " .");
                    for (LogEntry entry : entries) {
                        apply(state, entry.index());
                    }
                    if (state.durableIndex() != checkpointed) {
                        checkpointed = state.durableIndex();
                        System.out.println("checkpointed " + checkpointed + " .");
                    }
                }
            }
        }

        private static void apply(LmdbState state, long index) {
            while (!state.hasRoom()) {
                Thread.onSpinWait();
            }
            state.put(key(index), command(index).array());
            state.applied(index);
        }
    }
}

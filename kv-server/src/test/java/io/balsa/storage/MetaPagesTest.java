package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.balsa.node.DamagedStoreException;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lmdbjava.Dbi;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/**
 * LMDB's two meta pages: a flipped bit in a transaction's number never brings back an older log or state, and what a
 * crash at any moment of a commit leaves is opened.
 */
final class MetaPagesTest {
    private static final long MAP_BYTES = 1L << 30;
    private static final LmdbLog.Options OPTIONS = new LmdbLog.Options(8 << 10, 0, 64 << 20, 64 << 10);
    private static final int PAGE = 4096;
    private static final int TXN_AT = 16 + 128;

    @TempDir
    Path directory;

    /** Sees the data file as it is after each commit. */
    private interface Commits {
        void seen(int commit, byte[] content) throws IOException;
    }

    @Test
    void everyFlippedBitInATransactionNumberOfTheLogIsRefused() throws IOException {
        writeALog(12, this::refusesEveryFlip);
        // Commits that take no new page: nothing but the tree of free pages tells them from the one before.
        Path votes = Files.createDirectory(directory.resolve("votes"));
        try (LmdbLog log = LmdbLog.open(votes, MAP_BYTES, OPTIONS, CommitObserver.NONE)) {
            for (int term = 1; term <= 8; term++) {
                log.write(new HardState(term, null), List.of());
                refusesEveryFlip(term, Files.readAllBytes(votes.resolve("data.mdb")));
            }
        }
    }

    @Test
    void everyFlippedBitInATransactionNumberOfTheStateIsRefused() throws IOException {
        writeAState(10, this::refusesEveryFlip);
    }

    private void refusesEveryFlip(int commit, byte[] content) throws IOException {
        if (commit == 0) {
            return; // Nothing is written: nothing is older.
        }
        Path file = Files.createDirectories(directory.resolve("flipped")).resolve("data.mdb");
        Files.write(file, content);
        MetaPages.verify(file);
        for (int page = 0; page < 2; page++) {
            for (int bit = 0; bit < 64; bit++) {
                flip(file, page * PAGE + TXN_AT + bit / 8, bit % 8);
                assertThatThrownBy(() -> MetaPages.verify(file), "commit %d, page %d, bit %d", commit, page, bit)
                        .isInstanceOf(DamagedStoreException.class)
                        .hasMessageContaining(file.toString())
                        .hasMessageContaining("a meta page is damaged");
                flip(file, page * PAGE + TXN_AT + bit / 8, bit % 8);
            }
        }
    }

    private static void flip(Path file, int at, int bit) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, at);
            one.put(0, (byte) (one.get(0) ^ 1 << bit));
            channel.write(one.flip(), at);
        }
    }

    /** A reader keeps every freed page from being used again: so many are free that their tree has branches. */
    @Test
    void aTreeOfFreePagesWithBranchesIsRead() throws IOException {
        Path path = Files.createDirectory(directory.resolve("reader"));
        try (Env<ByteBuffer> env = Environments.open(path, MAP_BYTES, MAP_BYTES, EnvFlags.MDB_NOTLS)) {
            Dbi<ByteBuffer> dbi = env.openDbi((byte[]) null);
            ByteBuffer bytes = ByteBuffer.allocateDirect(8);
            dbi.put(bytes, bytes);
            try (Txn<ByteBuffer> reader = env.txnRead()) {
                for (int i = 0; i < 400; i++) {
                    bytes.putInt(0, i);
                    dbi.put(bytes, bytes);
                }
                assertThat(reader.getId()).isLessThan(400);
            }
            refusesEveryFlip(401, Files.readAllBytes(path.resolve("data.mdb")));
        }
    }

    @Test
    void aLogIsOpenedAsOfTheCommitBeforeWhenACrashCameBeforeTheMetaPage() throws IOException {
        byte[][] before = {null};
        int[] opened = {0};
        writeALog(700, (commit, content) -> {
            if (before[0] != null) {
                Path crashed = crash(before[0], content);
                if (commit % 25 == 0) {
                    try (LmdbLog log = LmdbLog.open(crashed, MAP_BYTES, OPTIONS, CommitObserver.NONE)) {
                        assertThat(log.hardState().currentTerm()).isEqualTo(commit - 1);
                        assertThat(log.last()).isEqualTo(lastOf(commit - 1));
                        assertThat(log.read(log.anchor().index() + 1, log.last().index(), Long.MAX_VALUE))
                                .hasSize(
                                        (int) (log.last().index() - log.anchor().index()));
                        opened[0]++;
                    }
                }
            }
            before[0] = content;
        });
        assertThat(opened[0]).isGreaterThan(20);
    }

    @Test
    void aStateIsOpenedAsOfTheCheckpointBeforeWhenACrashCameBeforeTheMetaPage() throws IOException {
        byte[][] before = {null};
        writeAState(60, (commit, content) -> {
            if (before[0] != null) {
                Path crashed = crash(before[0], content);
                try (LmdbState state =
                        LmdbState.open(crashed, MAP_BYTES, 1 << 20, System::nanoTime, CheckpointObserver.NONE)) {
                    assertThat(state.lastApplied()).isEqualTo(commit - 1);
                    state.scan(new byte[] {0}, null, false, (key, value) -> true);
                }
            }
            before[0] = content;
        });
    }

    /** All pages of the later commit, but the meta page that would make them count. */
    private Path crash(byte[] before, byte[] after) throws IOException {
        byte[] content = after.clone();
        int written = txn(after, 0) != txn(before, 0) ? 0 : PAGE;
        assertThat(txn(after, written)).isEqualTo(txn(before, PAGE - written) + 1);
        System.arraycopy(before, written, content, written, PAGE);
        Path crashed = Files.createDirectories(directory.resolve("crashed"));
        Files.deleteIfExists(crashed.resolve("lock.mdb"));
        Files.write(crashed.resolve("data.mdb"), content);
        Tail.create(crashed.resolve("tail"), OPTIONS.tailBytes()).close();
        MetaPages.verify(crashed.resolve("data.mdb"));
        return crashed;
    }

    private static long txn(byte[] content, int page) {
        return ByteBuffer.wrap(content).order(ByteOrder.nativeOrder()).getLong(page + TXN_AT);
    }

    /** Commit n is of term n, and ends with {@link #lastOf}; conflicts replace entries, old ones are cut. */
    private void writeALog(int commits, Commits seen) throws IOException {
        Path path = Files.createDirectory(directory.resolve("log"));
        Random random = new Random(7);
        try (LmdbLog log = LmdbLog.open(path, MAP_BYTES, OPTIONS, CommitObserver.NONE)) {
            seen.seen(0, Files.readAllBytes(path.resolve("data.mdb")));
            for (int commit = 1; commit <= commits; commit++) {
                List<LogEntry> entries = new ArrayList<>();
                long first = commit % 10 == 9 ? log.last().index() : log.last().index() + 1;
                for (long index = first; index <= lastOf(commit).index(); index++) {
                    entries.add(StorageContract.entry(index, commit, "x".repeat(random.nextInt(2_000))));
                }
                log.truncateBefore(Math.max(1, log.last().index() - 20));
                log.write(new HardState(commit, null), entries);
                seen.seen(commit, Files.readAllBytes(path.resolve("data.mdb")));
            }
            assertThat(commits < 300 || log.anchor().index() > 0)
                    .as("something was cut")
                    .isTrue();
        }
    }

    private static EntryId lastOf(int commit) {
        return new EntryId(commit + commit / 3, commit);
    }

    /** Checkpoint n is at index n. */
    private void writeAState(int checkpoints, Commits commits) throws IOException {
        Path path = Files.createDirectory(directory.resolve("state"));
        Random random = new Random(7);
        AtomicLong nanos = new AtomicLong();
        try (LmdbState state = LmdbState.open(path, MAP_BYTES, 1, nanos::get, CheckpointObserver.NONE)) {
            commits.seen(0, Files.readAllBytes(path.resolve("data.mdb")));
            for (int index = 1; index <= checkpoints; index++) {
                for (int i = 0; i < 40; i++) {
                    byte[] key = {1, (byte) random.nextInt(200)};
                    if (random.nextInt(3) == 0) {
                        state.remove(key);
                    } else {
                        byte[] value = new byte[random.nextInt(3_000)];
                        Arrays.fill(value, (byte) index);
                        state.put(key, value);
                    }
                }
                state.applied(index);
                long wanted = index;
                await().until(() -> state.durableIndex() == wanted && state.hasRoom());
                commits.seen(index, Files.readAllBytes(path.resolve("data.mdb")));
            }
        }
    }
}

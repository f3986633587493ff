package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.balsa.node.Storage;
import io.balsa.node.StorageException;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LmdbLogTest implements StorageContract {
    private static final long MAP_BYTES = 1L << 30;
    private static final LmdbLog.Options SMALL = new LmdbLog.Options(4 << 10, 0, 64 << 10, 64 << 10);

    @TempDir
    Path directory;

    private @Nullable LmdbLog log;

    @Override
    public Storage reopen() {
        return reopen(SMALL, CommitObserver.NONE);
    }

    private LmdbLog reopen(LmdbLog.Options options, CommitObserver observer) {
        if (log != null) {
            log.abandon();
            log.close();
        }
        log = LmdbLog.open(directory, MAP_BYTES, options, observer);
        return log;
    }

    @AfterEach
    void close() {
        if (log != null) {
            log.close();
        }
    }

    @Test
    void entriesOfOneWriteAreSeenByTheObserver() {
        List<String> seen = new ArrayList<>();
        LmdbLog opened =
                reopen(SMALL, (nanos, entries, bytes) -> seen.add(entries + " in " + bytes + " after " + (nanos > 0)));
        opened.write(null, List.of());
        opened.write(null, List.of(entry(1, 1, "abc"), entry(2, 1, "")));
        opened.write(new HardState(1, null), List.of());
        assertThat(seen).containsExactly("2 in " + (44 + 17 + 3 + 17) + " after true", "0 in 0 after true");
    }

    @Test
    void aClosedLogRefusesEveryCall() {
        LmdbLog opened = reopen(SMALL, CommitObserver.NONE);
        opened.write(null, List.of(entry(1, 1, "a")));
        opened.close();
        opened.close();
        assertThatThrownBy(() -> opened.termAt(1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> opened.read(1, 1, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> opened.write(null, List.of(entry(2, 1, "b"))))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatWasReadStaysReadableAfterTheLogIsClosed() {
        LmdbLog opened = reopen(SMALL, CommitObserver.NONE);
        opened.write(null, List.of(entry(1, 1, "a"), entry(2, 1, "b")));
        List<LogEntry> read = opened.read(1, 2, 1000);
        opened.close();
        assertThat(read).containsExactly(entry(1, 1, "a"), entry(2, 1, "b"));
    }

    @Test
    void aFullMapIsAStorageExceptionAndEveryLaterWriteIsRefused() {
        log = LmdbLog.open(directory, 256 << 10, SMALL, CommitObserver.NONE);
        LmdbLog opened = log;
        byte[] large = new byte[300 << 10];
        assertThatThrownBy(() -> opened.write(null, List.of(new LogEntry(1, 1, ByteBuffer.wrap(large)))))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("map is full");
        assertThatThrownBy(() -> opened.write(null, List.of(entry(1, 1, "a"))))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("earlier commit failed");
        assertThat(opened.last()).isEqualTo(EntryId.NONE);
        assertThat(reopen().last()).isEqualTo(EntryId.NONE);
    }

    @Test
    void theFileIsFilledAheadWithoutTouchingWhatIsWritten() throws IOException {
        LmdbLog opened = reopen(new LmdbLog.Options(4 << 10, 2 << 20, 1 << 20, 64 << 10), CommitObserver.NONE);
        Path file = directory.resolve("data.mdb");
        List<LogEntry> written = new ArrayList<>();
        for (int i = 1; i <= 100; i++) {
            LogEntry entry = new LogEntry(i, 1, ByteBuffer.wrap(new byte[60_000 + i]));
            opened.write(null, List.of(entry));
            written.add(entry);
            assertThat(Files.size(file)).isGreaterThan(opened.usedBytes() + (1 << 20));
        }
        assertThat(opened.read(1, 100, Long.MAX_VALUE)).isEqualTo(written);
        assertThat(reopen(SMALL, CommitObserver.NONE).read(1, 100, Long.MAX_VALUE))
                .isEqualTo(written);
    }

    @Test
    void aTruncatedPrefixGoesInStepsAndLeavesItsLastTermBehind() {
        LmdbLog opened = reopen(SMALL, CommitObserver.NONE);
        long index = 0;
        for (int turn = 0; turn < 300; turn++) {
            List<LogEntry> entries = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                index++;
                entries.add(new LogEntry(index, 1 + index / 100, ByteBuffer.wrap(new byte[700])));
            }
            opened.write(null, entries);
            if (turn == 150) {
                opened.truncateBefore(1201);
            }
        }
        assertHoldsWhatFollowed1200(opened);
        assertHoldsWhatFollowed1200(reopen(SMALL, CommitObserver.NONE));
    }

    /** Many at once would hold up a turn; and the first must not wait for the tail to be full. */
    @Test
    void theNextWriteTruncatesSomeAndTheOnesAfterItTheRest() {
        LmdbLog opened = reopen(new LmdbLog.Options(64 << 10, 0, 64 << 10, 256 << 10), CommitObserver.NONE);
        for (int index = 1; index <= 1_000; index++) {
            opened.write(null, List.of(new LogEntry(index, 1, ByteBuffer.wrap(new byte[20_000]))));
        }
        opened.truncateBefore(900);
        opened.write(null, List.of(entry(1_001, 1, "a")));
        assertThat(opened.anchor().index()).isBetween(20L, 60L);
        long next = 1_002;
        while (opened.anchor().index() < 800) {
            assertThat(next).isLessThan(3_000);
            opened.write(null, List.of(new LogEntry(next, 1, ByteBuffer.wrap(new byte[20_000]))));
            next++;
        }
    }

    private static void assertHoldsWhatFollowed1200(LmdbLog log) {
        assertThat(log.anchor()).isEqualTo(new EntryId(1200, 13));
        assertThat(log.last()).isEqualTo(new EntryId(3000, 31));
        assertThat(log.termAt(1200)).isEqualTo(13);
        assertThat(log.read(1201, 3000, Long.MAX_VALUE)).hasSize(1800);
        assertThatThrownBy(() -> log.termAt(1199)).isInstanceOf(AssertionError.class);
    }

    /** What stands in one block with an entry that is still needed stays, whole. */
    @Test
    void aBlockThatIsNeededInPartIsNotTruncated() {
        LmdbLog opened = reopen(new LmdbLog.Options(64 << 10, 0, 64 << 10, 256 << 10), CommitObserver.NONE);
        for (long first = 1; first <= 6_000; first += 10) { // Blocks of ten: 1 to 10, 11 to 20, …
            List<LogEntry> entries = new ArrayList<>();
            for (long index = first; index < first + 10; index++) {
                entries.add(new LogEntry(index, 1, ByteBuffer.allocate(100)));
            }
            opened.write(new HardState(first, null), entries); // A commit of the tree's own.
            if (first == 3_001) {
                opened.truncateBefore(1_205);
            }
        }
        assertThat(opened.anchor()).isEqualTo(new EntryId(1_200, 1));
        assertThat(opened.read(1_205, 1_205, 1)).hasSize(1);
    }

    @Test
    void aLogThatIsTruncatedAsFastAsItGrowsStopsTakingDisk() {
        LmdbLog opened = reopen(new LmdbLog.Options(64 << 10, 0, 64 << 10, 256 << 10), CommitObserver.NONE);
        long usedAfterWarmUp = 0;
        for (int index = 1; index <= 600; index++) {
            opened.write(null, List.of(new LogEntry(index, 1, ByteBuffer.wrap(new byte[20_000]))));
            opened.truncateBefore(Math.max(1, index - 50));
            usedAfterWarmUp = index == 200 ? opened.usedBytes() : usedAfterWarmUp;
        }
        assertThat(opened.usedBytes()).isLessThan(2 * usedAfterWarmUp).isLessThan(16 << 20);
    }

    /** LMDB reads through its map; what a trim has read is read no more, and would count as this process's memory. */
    @Test
    void whatWasTrimmedAndReadDoesNotStayMapped() throws IOException {
        Path maps = Path.of("/proc/self/smaps");
        assumeTrue(Files.exists(maps), "there is no " + maps + ": WHETHER THE LOG GIVES MEMORY BACK IS NOT CHECKED");
        LmdbLog opened = reopen(new LmdbLog.Options(64 << 10, 0, 64 << 10, 256 << 10), CommitObserver.NONE);
        long most = 0;
        for (int index = 1; index <= 3_000; index++) {
            opened.write(null, List.of(new LogEntry(index, 1, ByteBuffer.wrap(new byte[20_000]))));
            if (index > 1_500) {
                opened.truncateBefore(index - 1_500);
            }
            most = index % 100 == 0 ? Math.max(most, residentBytes(maps)) : most;
        }
        assertThat(most).as("of a log of 30 MB").isPositive().isLessThan(8 << 20);
        assertThat(opened.read(1_600, 3_000, Long.MAX_VALUE)).hasSize(1_401);
        assertThat(residentBytes(maps)).as("after all of it was read").isLessThan(8 << 20);
        assertThat(opened.read(2_000, 2_001, Long.MAX_VALUE)).hasSize(2);
        assertThat(residentBytes(maps)).isPositive();
    }

    private long residentBytes(Path maps) throws IOException {
        boolean inMap = false;
        for (String line : Files.readAllLines(maps)) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                inMap = line.endsWith(directory.resolve("data.mdb").toString());
            } else if (inMap && line.startsWith("Rss:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        return 0;
    }

    private static LogEntry entry(long index, long term, String command) {
        return StorageContract.entry(index, term, command);
    }
}

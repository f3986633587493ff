package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.node.DamagedStoreException;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.NodeId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A log on a disk that loses, at a power cut, any part of what was not flushed. The disk is a model: what a commit flushes is
 * a rule here, and {@link FlushTest} holds the rule against what a process asks of the system.
 */
final class PowerCutTest {
    private static final long MAP_BYTES = 1L << 30;
    private static final LmdbLog.Options OPTIONS = new LmdbLog.Options(4 << 10, 0, 64 << 20, 64 << 10);
    private static final int PAGE = 4096;
    private static final int COMMITS = 300;
    /** How far a history goes on whose cuts are few. */
    private static final int COMMITS_MAX = 3_000;

    /** Seventeen cuts in its first 300 commits, so what was tested depended on chance. */
    private static final long FEW_CUTS = 3450737778696L;

    @TempDir
    Path directory;

    private @Nullable LmdbLog open;
    private int cuts;
    private int commitsUntilCut = 3;
    private int recovered;

    // What was written.
    private HardState hardState = HardState.INITIAL;
    private List<LogEntry> entries = new ArrayList<>();

    /** All that was acknowledged. */
    private Disk disk = new Disk(new byte[0], new byte[0]);

    /** What the two files hold. */
    private static final class Disk {
        final byte[] tree;
        final byte[] tail;

        Disk(byte[] tree, byte[] tail) {
            this.tree = tree;
            this.tail = tail;
        }
    }

    @AfterEach
    void close() {
        if (open != null) {
            open.abandon();
            open.close();
        }
    }

    @Test
    void nothingAcknowledgedIsLostAndNothingElseComesBack() throws IOException {
        long seed = System.nanoTime();
        System.out.println("nothingAcknowledgedIsLostAndNothingElseComesBack: seed " + seed);
        run(seed);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, FEW_CUTS})
    void norInTheseHistories(long seed) throws IOException {
        run(seed);
    }

    @Test
    void whatAConflictReplacedStaysAway() throws IOException {
        start();
        for (int index = 1; index <= 4; index++) {
            log().write(null, List.of(entry(index, 0, "old " + index)));
        }
        log().write(null, List.of(entry(2, 0, "new")));
        restart(content());
        assertThat(log().last().index()).isEqualTo(2);
        log().write(null, List.of(entry(3, 0, "new"))); // Where the first one was; behind it the old ones still lie.
        restart(content());
        assertThat(log().last().index()).isEqualTo(3);
        assertThat(log().read(1, 3, Long.MAX_VALUE))
                .containsExactly(entry(1, 0, "old 1"), entry(2, 0, "new"), entry(3, 0, "new"));
    }

    /** Behind a commit of the tree old blocks lie in the tail, whole, in order, and of the right indexes. */
    @Test
    void whatTheTreeHasAlreadyIsNotTakenTwice() throws IOException {
        start();
        log().write(null, List.of(entry(1, 0, "a")));
        log().write(new HardState(1, null), List.of(entry(1, 1, "b")));
        Disk before = content();
        log().write(null, List.of(entry(2, 1, "c")));
        log().write(new HardState(2, null), List.of());
        Disk after = content();
        restart(new Disk(after.tree, before.tail));
        assertThat(log().last()).isEqualTo(new EntryId(2, 1));
        restart(after);
        assertThat(log().last()).isEqualTo(new EntryId(2, 1));
    }

    /** Without each of its pages in turn: it was not flushed, so it was not acknowledged. */
    @Test
    void anAppendWithoutAPageIsNoneAtAll() throws IOException {
        start();
        log().write(null, List.of(entry(1, 0, "first")));
        Disk before = content();
        log().write(null, List.of(entry(2, 0, "x".repeat(5_000)), entry(3, 0, "y".repeat(5_000)), entry(4, 0, "z")));
        Disk after = content();
        assertThat(after.tree).isEqualTo(before.tree);
        int missing = 0;
        for (int page = 0; page < after.tail.length; page += PAGE) {
            byte[] tail = after.tail.clone();
            System.arraycopy(before.tail, page, tail, page, PAGE);
            boolean whole = Arrays.equals(tail, after.tail);
            missing += whole ? 0 : 1;
            restart(new Disk(after.tree, tail));
            assertThat(log().last().index()).as("without page %d", page / PAGE).isEqualTo(whole ? 4 : 1);
        }
        assertThat(missing).isEqualTo(3);
    }

    /** An append follows only what was flushed, so it is no cut-short one that is not whole there. */
    @Test
    void anAppendThatIsNotWholeThoughOneFollowsIsRefused() throws IOException {
        start();
        for (int index = 1; index <= 3; index++) {
            log().write(null, List.of(entry(index, 0, "x".repeat(4_900)))); // 4,961 bytes on two pages.
        }
        Disk whole = content();
        for (int block = 0; block < 3; block++) {
            for (int at = 0; at < 2 * PAGE; at += at < 80 ? 1 : 503) {
                byte[] tail = whole.tail.clone();
                tail[block * 2 * PAGE + at] ^= 4;
                String where = "byte " + at + " of block " + block;
                if (at >= 4_961) {
                    restart(new Disk(whole.tree, tail));
                    assertThat(log().last().index()).as(where).isEqualTo(3);
                } else if (block == 2) {
                    restart(new Disk(whole.tree, tail));
                    assertThat(log().last().index())
                            .as("%s: as if its flush had been under way", where)
                            .isEqualTo(2);
                } else {
                    crash();
                    place(new Disk(whole.tree, tail));
                    assertThatThrownBy(() -> LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE))
                            .as(where)
                            .isInstanceOf(DamagedStoreException.class)
                            .hasMessageContaining("entry " + (block + 1) + " is damaged")
                            .hasMessageContaining("tail");
                }
            }
        }
    }

    /** Nor may anything that was flushed be overwritten: a write that is cut off may spoil all of its pages. */
    @Test
    void anAppendTouchesNoPageOfAnother() throws IOException {
        start();
        int appends = 0;
        Disk before = content();
        while (Arrays.equals(content().tree, before.tree)) {
            byte[] tail = content().tail;
            log().write(null, List.of(entry(log().last().index() + 1, 0, "x".repeat(5_000))));
            for (int page = 0; page < 2 * PAGE * appends; page += PAGE) {
                assertThat(Arrays.equals(tail, page, page + PAGE, content().tail, page, page + PAGE))
                        .isTrue();
            }
            appends++;
        }
        int bytes = 5_000 + EntryCodec.BLOCK_HEADER_BYTES + EntryCodec.ENTRY_HEADER_BYTES;
        assertThat(appends).isEqualTo(OPTIONS.tailBytes() / bytes + 1);
    }

    /** They have a page each, and no more of them than pages. */
    @Test
    void smallAppendsEndAtTheEndOfTheFile() throws IOException {
        start();
        Disk before = content();
        while (Arrays.equals(content().tree, before.tree)) {
            log().write(null, List.of(entry(log().last().index() + 1, 0, "x")));
        }
        assertThat(log().last().index()).isEqualTo(Tail.fileBytes(OPTIONS.tailBytes()) / PAGE + 1);
        assertThat(content().tail).hasSize(Tail.fileBytes(OPTIONS.tailBytes()));
        restart(content());
        assertThat(log().last().index()).isEqualTo(Tail.fileBytes(OPTIONS.tailBytes()) / PAGE + 1);
    }

    @Test
    void whatFollowsAResetIsFound() throws IOException {
        start();
        log().write(null, List.of(entry(1, 0, "a")));
        log().reset(new EntryId(10, 0));
        log().write(null, List.of(entry(11, 0, "k")));
        restart(content());
        assertThat(log().anchor().index()).isEqualTo(10);
        assertThat(log().read(11, 11, 1)).containsExactly(entry(11, 0, "k"));
    }

    @Test
    void aTailThatIsMissingOrCutIsRefused() throws IOException {
        start();
        log().write(null, List.of(entry(1, 0, "a")));
        Disk before = content();
        crash();
        place(new Disk(before.tree, Arrays.copyOf(before.tail, PAGE)));
        assertThatThrownBy(() -> LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE))
                .isInstanceOf(DamagedStoreException.class)
                .hasMessageContaining("it has 4096 bytes, not 262144");
        Files.delete(directory.resolve("tail"));
        assertThatThrownBy(() -> LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE))
                .isInstanceOf(DamagedStoreException.class)
                .hasMessageContaining("it is missing");
        restart(before);
        assertThat(log().last().index()).isEqualTo(1);
    }

    /** Before LMDB's first commit; after it the file is there. */
    @Test
    void aFirstStartThatEndsHalfWayIsStartedAgain() throws IOException {
        Tail.create(directory.resolve("tail"), OPTIONS.tailBytes()).close();
        start();
        log().write(null, List.of(entry(1, 0, "a")));
        restart(content());
        assertThat(log().last().index()).isEqualTo(1);
    }

    /** They would be written twice. */
    @Test
    void largeAppendsGoToTheTreeAtOnce() throws IOException {
        start();
        Disk before = content();
        int quarter = OPTIONS.tailBytes() / 4 - EntryCodec.BLOCK_HEADER_BYTES - EntryCodec.ENTRY_HEADER_BYTES;
        log().write(null, List.of(entry(1, 0, "x".repeat(quarter))));
        assertThat(content().tree).isEqualTo(before.tree);
        log().write(null, List.of(entry(2, 0, "x".repeat(quarter + 1))));
        assertThat(content().tree).isNotEqualTo(before.tree);
        assertThat(log().read(1, 2, Long.MAX_VALUE)).hasSize(2);
    }

    @Test
    void anAbandonedLogIsLeftAsItIs() throws IOException {
        start();
        log().write(null, List.of(entry(1, 0, "a")));
        Disk before = content();
        crash();
        assertThat(content().tree).isEqualTo(before.tree);
        assertThat(content().tail).isEqualTo(before.tail);
    }

    @Test
    void anOrdinaryEndLeavesAllToTheTree() throws IOException {
        start();
        log().write(null, List.of(entry(1, 0, "a"), entry(2, 0, "b")));
        log().close();
        restart(new Disk(content().tree, new byte[Tail.fileBytes(OPTIONS.tailBytes())]));
        assertThat(log().last().index()).isEqualTo(2);
    }

    @Test
    void anotherOpeningsTailIsNotTaken() throws IOException {
        start();
        log().write(null, List.of(entry(1, 0, "a")));
        byte[] tail = content().tail;
        crash();
        for (String file : new String[] {"data.mdb", "lock.mdb"}) {
            Files.delete(directory.resolve(file));
        }
        start();
        restart(new Disk(content().tree, tail));
        assertThat(log().last()).isEqualTo(EntryId.NONE);
    }

    /** Two attempts at one index, of the same size, in the same pages: of the second a part reached the disk. */
    @Test
    void aBlockWithEntriesOfAnotherOneIsNotWhole() {
        EntryCodec codec = new EntryCodec(directory);
        ByteBuffer first = block(codec, 1, "first");
        ByteBuffer second = block(codec, 2, "other");
        BlockReader reader = new BlockReader(codec);
        reader.open(1, second);
        reader.verifyAll();
        int half = (first.capacity() + EntryCodec.BLOCK_HEADER_BYTES) / 2;
        second.put(half, first, half, first.capacity() - half);
        reader.open(1, second);
        assertThatThrownBy(reader::verifyAll)
                .isInstanceOf(DamagedStoreException.class)
                .hasMessageContaining("the block of entries from 1 on is damaged");
    }

    private static ByteBuffer block(EntryCodec codec, long term, String command) {
        List<LogEntry> two = List.of(entry(1, term, command), entry(2, term, command));
        int bytes = EntryCodec.BLOCK_HEADER_BYTES + 2 * EntryCodec.sizeOf(two.get(0));
        ByteBuffer block = ByteBuffer.allocate(bytes);
        codec.writeBlock(block, two, 0, 2, new EntryCodec.Seal(7, 8));
        return block;
    }

    private static LogEntry entry(long index, long term, String command) {
        return StorageContract.entry(index, term, command);
    }

    private void run(long seed) throws IOException {
        Random random = new Random(seed);
        start();
        for (int commit = 0; commit < COMMITS_MAX && (commit < COMMITS || cuts <= 20 || recovered <= 5); commit++) {
            write(random);
        }
        assertThat(cuts).isGreaterThan(20);
        assertThat(recovered).as("cuts after which the tail had entries").isGreaterThan(5);
    }

    private void start() throws IOException {
        open = LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE);
        disk = content();
    }

    private void write(Random random) throws IOException {
        LmdbLog log = log();
        HardState newHardState = hardState;
        List<LogEntry> appended = new ArrayList<>();
        List<LogEntry> kept = new ArrayList<>(entries);
        int kind = random.nextInt(20);
        if (kind < 4) {
            newHardState = new HardState(hardState.currentTerm() + 1, new NodeId(1 + random.nextInt(3)));
        }
        if (kind == 4
                && !kept.isEmpty()
                && entries.get(entries.size() - 1).index() > log.anchor().index() + 2) {
            kept.remove(kept.size() - 1); // A conflict.
        }
        if (kind != 0) {
            int count = random.nextInt(3) == 0 ? 1 + random.nextInt(40) : 1;
            for (int i = 1; i <= count; i++) {
                byte[] command = new byte[random.nextInt(random.nextInt(3) == 0 ? 9_000 : 600)];
                random.nextBytes(command);
                long term = newHardState.currentTerm();
                appended.add(new LogEntry(kept.size() + (long) i, term, ByteBuffer.wrap(command)));
            }
        }
        if (random.nextInt(10) == 0) {
            log.truncateBefore(Math.max(1, log.last().index() - 30));
        }
        Disk before = disk;
        log.write(newHardState.equals(hardState) ? null : newHardState, appended);
        Disk after = content();
        kept.addAll(appended);

        if (random.nextInt(commitsUntilCut) == 0) {
            boolean inTail = Arrays.equals(before.tree, after.tree);
            Disk cut = inTail
                    ? new Disk(before.tree, withSome(random, before.tail, after.tail, 0))
                    : new Disk(withSome(random, before.tree, after.tree, 2 * PAGE), before.tail);
            List<List<LogEntry>> logs = List.of(entries, inTail ? kept : entries); // The tree's needs its meta page.
            cut(random, cut, logs);
            return;
        }
        hardState = newHardState;
        entries = kept;
        disk = after;
        if (random.nextInt(commitsUntilCut) == 0) {
            cut(random, disk, List.of(entries));
        }
    }

    /** The file as {@code before}, with any of the pages that were written, from {@code first} on. */
    private static byte[] withSome(Random random, byte[] before, byte[] after, int first) {
        byte[] result = Arrays.copyOf(before, after.length);
        double share = new double[] {0, 0.5, 0.8, 0.9, 1}[random.nextInt(5)];
        for (int at = first; at < after.length; at += PAGE) {
            boolean changed = at >= before.length || !Arrays.equals(before, at, at + PAGE, after, at, at + PAGE);
            if (changed && random.nextDouble() < share) {
                System.arraycopy(after, at, result, at, PAGE);
            }
        }
        return result;
    }

    /** Puts the log on a disk with just that, which may have another power cut while the log is opened. */
    private void cut(Random random, Disk left, List<List<LogEntry>> logs) throws IOException {
        cuts++;
        commitsUntilCut = random.nextBoolean() ? 3 : 30;
        restart(left);
        Disk opened = content();
        while (random.nextInt(3) == 0) {
            boolean committed = random.nextBoolean();
            restart(new Disk(
                    committed ? opened.tree : withSome(random, left.tree, opened.tree, 2 * PAGE),
                    committed && random.nextBoolean() ? opened.tail : left.tail));
            left = committed ? new Disk(opened.tree, left.tail) : left;
            opened = content();
        }
        disk = opened;
        assertThat(log().hardState()).isEqualTo(hardState);
        EntryId last = log().last();
        entries = logs.stream()
                .filter(each -> each.size() == last.index())
                .findFirst()
                .orElseThrow(() -> new AssertionError("the log ends at " + last));
        assertHeld();
        if (random.nextInt(3) == 0) { // And again, after an ordinary end.
            log().close();
            open = LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE);
            disk = content();
            assertHeld();
        }
    }

    private void crash() {
        log().abandon();
        log().close();
    }

    private void restart(Disk left) throws IOException {
        crash();
        place(left);
        EntryId inTree = lastInTree();
        open = LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE);
        recovered += log().last().equals(inTree) ? 0 : 1;
    }

    private void place(Disk left) throws IOException {
        Files.deleteIfExists(directory.resolve("lock.mdb"));
        Files.write(directory.resolve("data.mdb"), left.tree);
        Files.write(directory.resolve("tail"), left.tail);
    }

    private EntryId lastInTree() {
        try (LogTree tree = LogTree.open(directory.resolve("data.mdb"), MAP_BYTES, 4 << 10, Long.MAX_VALUE)) {
            return tree.last();
        }
    }

    private void assertHeld() {
        LmdbLog log = log();
        assertThat(log.hardState()).isEqualTo(hardState);
        assertThat(log.last().index()).isEqualTo(entries.size());
        int anchor = (int) log.anchor().index();
        if (anchor < entries.size()) {
            assertThat(log.read(anchor + 1, entries.size(), Long.MAX_VALUE))
                    .isEqualTo(entries.subList(anchor, entries.size()));
        }
    }

    private LmdbLog log() {
        LmdbLog log = open;
        if (log == null) {
            throw new IllegalStateException("not opened");
        }
        return log;
    }

    private Disk content() throws IOException {
        return new Disk(
                Files.readAllBytes(directory.resolve("data.mdb")), Files.readAllBytes(directory.resolve("tail")));
    }
}

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
import java.nio.ByteOrder;
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
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/**
 * A log on a disk that loses, at a power cut, any part of what was not flushed. The disk is a model: what a commit flushes is
 * a rule here, and {@link FlushTest} holds the rule against what a process asks of the system.
 */
final class PowerCutTest {
    private static final long MAP_BYTES = 1L << 30;
    private static final LmdbLog.Options OPTIONS = new LmdbLog.Options(4 << 10, 0, 64 << 20);
    private static final int PAGE = 4096;
    private static final int TXN_AT = 16 + 128;
    private static final int COMMITS = 300;

    @TempDir
    Path directory;

    private @Nullable LmdbLog open;
    private int cuts;
    private int commitsUntilCut = 3;
    private int redone;

    // What was written.
    private HardState hardState = HardState.INITIAL;
    private List<LogEntry> entries = new ArrayList<>();

    // The disk: all that was written, and what of it is sure to be there after a power cut; a file whose removal was
    // lost.
    private byte[] written = {};
    private byte[] durable = {};
    private byte @Nullable [] leftover;

    @AfterEach
    void close() {
        if (open != null) {
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
    @ValueSource(longs = {1, 2, 3})
    void norInTheseHistories(long seed) throws IOException {
        run(seed);
    }

    @Test
    void whatAConflictReplacedStaysAway() throws IOException {
        start();
        LmdbLog log = log();
        for (int index = 1; index <= 4; index++) {
            log.write(null, List.of(entry(index, 0, "old " + index)));
        }
        log.write(null, List.of(entry(2, 0, "new"))); // 3 and 4 are sealed, follow, and lie in a page that is free now.
        log.close();
        open = LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE);
        assertThat(log().last().index()).isEqualTo(2);
    }

    /** Without its meta page, and without each of its pages in turn: it was not flushed, so it was not acknowledged. */
    @Test
    void aCommitWithoutAPageIsNoneAtAll() throws IOException {
        start();
        log().write(null, List.of(entry(1, 0, "first")));
        byte[] before = content();
        log().write(null, List.of(entry(2, 0, "x".repeat(5_000)), entry(3, 0, "y".repeat(5_000)), entry(4, 0, "z")));
        byte[] after = content();
        byte[] flushed = withoutLastMeta(before, after);
        int found = 0;
        for (int missing = 2 * PAGE; missing < after.length; missing += PAGE) {
            byte[] disk = flushed.clone();
            Arrays.fill(disk, missing, missing + PAGE, (byte) 0);
            if (missing < before.length) {
                System.arraycopy(before, missing, disk, missing, PAGE);
            }
            log().close();
            restart(disk, null);
            assertThat(log().last().index())
                    .as("without page %d", missing / PAGE)
                    .isIn(1L, 4L);
            found += log().last().index() == 4 ? 1 : 0;
        }
        assertThat(found).as("pages that hold nothing of the entries").isLessThan(after.length / PAGE - 2 - 4);
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
        codec.writeBlock(block, two, 0, 2, new EntryCodec.Seal(7, 8, 2));
        return block;
    }

    private static LogEntry entry(long index, long term, String command) {
        return StorageContract.entry(index, term, command);
    }

    private void run(long seed) throws IOException {
        Random random = new Random(seed);
        start();
        for (int commit = 0; commit < COMMITS; commit++) {
            write(random);
        }
        assertThat(cuts).isGreaterThan(20);
        assertThat(redone).as("commits whose meta page was lost").isGreaterThan(5);
    }

    /** A first start, up to the end. */
    private void start() throws IOException {
        open = LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE);
        written = content();
        durable = written;
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
        boolean onlyAppends = newHardState.equals(hardState) && kept.size() == entries.size();
        byte[] before = written;
        log.write(newHardState.equals(hardState) ? null : newHardState, appended);
        byte[] after = content();
        kept.addAll(appended);

        if (random.nextInt(commitsUntilCut) == 0) {
            List<HardState> hardStates = List.of(hardState, onlyAppends ? newHardState : hardState);
            List<List<LogEntry>> logs = List.of(entries, onlyAppends ? kept : entries);
            byte[] base = random.nextBoolean() ? durable : written;
            cut(random, withSome(random, base, before, after), hardStates, logs);
            return;
        }
        hardState = newHardState;
        entries = kept;
        written = after;
        durable = onlyAppends ? withoutLastMeta(before, after) : after;
        if (random.nextInt(commitsUntilCut) == 0) {
            cut(random, random.nextBoolean() ? durable : written, List.of(hardState), List.of(entries));
        }
    }

    /** The disk as {@code base}, with any of the pages that the commit wrote before its flush: that is all but the meta page. */
    private static byte[] withSome(Random random, byte[] base, byte[] before, byte[] after) {
        byte[] result = Arrays.copyOf(base, after.length);
        double share = new double[] {0, 0.5, 0.8, 0.9, 1}[random.nextInt(5)];
        for (int at = 2 * PAGE; at < after.length; at += PAGE) {
            boolean changed = at >= before.length || !Arrays.equals(before, at, at + PAGE, after, at, at + PAGE);
            if (changed && random.nextDouble() < share) {
                System.arraycopy(after, at, result, at, PAGE);
            }
        }
        return result;
    }

    private static byte[] withoutLastMeta(byte[] before, byte[] after) {
        byte[] result = after.clone();
        int last = txn(after, 0) > txn(after, PAGE) ? 0 : PAGE;
        assertThat(txn(after, last)).as("one commit").isEqualTo(txn(before, PAGE - last) + 1);
        System.arraycopy(before, last, result, last, PAGE);
        return result;
    }

    private static long txn(byte[] content, int page) {
        return ByteBuffer.wrap(content).order(ByteOrder.nativeOrder()).getLong(page + TXN_AT);
    }

    /** Puts the log on a disk with just that, which may have another power cut while the log is opened. */
    private void cut(Random random, byte[] disk, List<HardState> hardStates, List<List<LogEntry>> logs)
            throws IOException {
        cuts++;
        commitsUntilCut =
                random.nextBoolean() ? 3 : 30; // An opening that lasts has left more behind in its free pages.
        log().close();
        byte @Nullable [] redo = redo(disk);
        redone += redo == null ? 0 : 1;
        restart(disk, leftover);
        byte[] opened = content();
        while (random.nextInt(3) == 0) { // The copy is complete before the first page is overwritten.
            log().close();
            byte[] half = withSome(random, disk, disk, opened);
            restart(half, redo == null ? leftover : redo);
            opened = content();
        }
        leftover = redo != null && random.nextBoolean() ? redo : leftover;
        written = opened;
        durable = opened;
        hardState = log().hardState();
        EntryId last = log().last();
        assertThat(hardStates).contains(hardState);
        entries = logs.stream()
                .filter(each -> each.size() == last.index())
                .findFirst()
                .orElseThrow(() -> new AssertionError("the log ends at " + last));
        assertHeld();
        if (random.nextInt(3) == 0) { // And again, after an ordinary end.
            log().close();
            open = LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE);
            written = content();
            durable = written;
            assertHeld();
        }
    }

    private void restart(byte[] disk, byte @Nullable [] redo) throws IOException {
        place(directory, disk);
        if (redo != null) {
            Files.write(directory.resolve("redo"), redo);
        }
        open = LmdbLog.open(directory, MAP_BYTES, OPTIONS, CommitObserver.NONE);
        assertThat(directory.resolve("redo")).doesNotExist();
    }

    private static void place(Path directory, byte[] disk) throws IOException {
        Files.createDirectories(directory);
        for (String file : new String[] {"lock.mdb", "redo", "redo.new"}) {
            Files.deleteIfExists(directory.resolve(file));
        }
        Files.write(directory.resolve("data.mdb"), disk);
    }

    /** What an opening copies out of the free pages before it writes; null: nothing. */
    private byte @Nullable [] redo(byte[] disk) throws IOException {
        Path copy = directory.resolve("copy");
        place(copy, disk);
        EntryCodec codec = new EntryCodec(copy.resolve("data.mdb"));
        try (Env<ByteBuffer> env = Environments.open(copy, MAP_BYTES, MAP_BYTES, EnvFlags.MDB_NOTLS)) {
            Dbi<ByteBuffer> dbi = env.openDbi((byte[]) null, DbiFlags.MDB_INTEGERKEY);
            try (Txn<ByteBuffer> txn = env.txnRead()) {
                BlockReader reader = new BlockReader(codec);
                LogScan scan = new LogScan(codec, reader, dbi.openCursor(txn), 1L << 30);
                scan.run(dbi.stat(txn).entries);
                new Redo(codec).find(scan.head(), txn.getId(), scan.last().index());
            }
        }
        Path redo = copy.resolve("redo");
        return Files.exists(redo) ? Files.readAllBytes(redo) : null;
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

    private byte[] content() throws IOException {
        return Files.readAllBytes(directory.resolve("data.mdb"));
    }
}

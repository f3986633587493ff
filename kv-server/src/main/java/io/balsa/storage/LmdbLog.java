package io.balsa.storage;

import io.balsa.node.Storage;
import io.balsa.node.StorageException;
import io.balsa.raft.Check;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.GetOp;
import org.lmdbjava.LmdbException;
import org.lmdbjava.PutFlags;
import org.lmdbjava.Txn;

/**
 * A server's log in LMDB: one durable transaction per {@link #write}, with as few dirty pages as it can have, and one flush
 * when it only appends.
 *
 * <p>LMDB's own way is to flush the pages of a transaction and then the meta page that makes them count. Here the second
 * flush is left to the next commit ({@code MDB_NOMETASYNC}) when nothing but entries was added: they are found in their
 * pages after a power cut ({@link Redo}). Term, vote, a conflict's cut and a reset are not, so those take both.
 *
 * <p>Everything is in the main database, under integers: the head (term, vote, anchor) under 0, blocks of entries
 * under the index of their first one ({@link EntryCodec}). A turn's entries are appended as one block, so the pages
 * that change are its own, one leaf, one branch or two and the free list's. {@link FillAhead} keeps the file longer
 * than its content, since a flush that must also record a new file length takes about twice as long.
 *
 * <p>Everything that is read is checked, and refused with a {@link StorageException} that names the entry when it is
 * damaged: nothing is ever cut off silently, since a damaged entry may be an acknowledged one.
 *
 * <p>May be opened by any thread; then owned by one, except {@link #usedBytes}. After a failed {@link #write} every
 * later one is refused.
 */
public final class LmdbLog implements Storage, AutoCloseable {
    /** Address space, not disk: a log is compacted long before. */
    public static final long MAP_BYTES_DEFAULT = 64L << 30;

    private static final int HEAD_KEY = 0;

    private final Env<ByteBuffer> env;
    private final Dbi<ByteBuffer> entries;
    private final Options options;
    private final CommitObserver observer;
    private final EntryCodec codec;
    private final BlockReader reader;
    private final FillAhead fill;
    private final Txn<ByteBuffer> readTxn;
    private final Cursor<ByteBuffer> readCursor;
    private final ByteBuffer key = newKey();

    private EntryCodec.Head head;
    private EntryId last;
    private long trimTarget;
    private long bytesSinceTrim;
    private int blocksSinceTrim;
    private volatile long usedBytes;
    private volatile long liveBytes;
    private long entryBytes;
    private boolean failed;
    private boolean closed;

    /**
     * What is measured rather than known.
     *
     * @param blockBytes a block is closed when it has reached this size
     * @param fillAheadBytes how far the file is kept filled ahead of its content; 0: not at all
     * @param verifiedBytes of the log's end, of which every checksum is computed when it is opened
     */
    record Options(int blockBytes, long fillAheadBytes, long verifiedBytes) {
        static final Options DEFAULT = new Options(64 << 10, 16 << 20, 64 << 20);
    }

    private LmdbLog(Env<ByteBuffer> env, Path file, Options options, CommitObserver observer) {
        this.env = env;
        this.options = options;
        this.observer = observer;
        this.codec = new EntryCodec(file);
        this.reader = new BlockReader(codec);
        this.entries = env.openDbi((byte[]) null, DbiFlags.MDB_INTEGERKEY);
        this.fill = FillAhead.open(file, options.fillAheadBytes());
        this.readTxn = env.txnRead();
        this.readCursor = entries.openCursor(readTxn);
        LogScan scan = new LogScan(codec, reader, readCursor, options.verifiedBytes());
        scan.run(entries.stat(readTxn).entries);
        this.head = scan.head();
        this.last = scan.last();
        this.entryBytes = scan.bytes();
        long lastCommit = readTxn.getId();
        readTxn.reset();
        begin(lastCommit);
        this.usedBytes = Environments.usedBytes(env);
        this.liveBytes = entryBytes;
        fill.fillNow(usedBytes);
    }

    /** Opens or creates the log with the default sizes. */
    public static LmdbLog open(DataDirectory directory, CommitObserver observer) {
        return open(directory, MAP_BYTES_DEFAULT, observer);
    }

    /**
     * Opens the log, or creates it, and verifies it: that it has no gap, and every checksum of its last 64 MiB.
     *
     * @param mapBytes what the log can grow to; address space only, fixed until it is opened again
     * @throws StorageException when it is damaged, or the disk is full or fails
     */
    public static LmdbLog open(DataDirectory directory, long mapBytes, CommitObserver observer) {
        return open(directory.log(), mapBytes, Options.DEFAULT, observer);
    }

    static LmdbLog open(Path directory, long mapBytes, Options options, CommitObserver observer) {
        Path file = directory.resolve("data.mdb");
        MetaPages.verify(file);
        Env<ByteBuffer> env =
                Environments.open(directory, mapBytes, mapBytes, EnvFlags.MDB_NOTLS, EnvFlags.MDB_NOMETASYNC);
        try {
            return new LmdbLog(env, file, options, observer);
        } catch (LmdbException failure) {
            env.close();
            throw Environments.failed(file, "opening it", failure);
        } catch (RuntimeException failure) {
            env.close();
            throw failure;
        }
    }

    /** Takes a new opening, and what a power cut took: see {@link Redo}. */
    private void begin(long lastCommit) {
        Redo redo = new Redo(codec);
        List<LogEntry> lost = redo.find(head, lastCommit, last.index());
        EntryCodec.Head newHead = head.reopened();
        try (Txn<ByteBuffer> txn = env.txnWrite()) {
            append(txn, lost, false);
            writeHead(txn, newHead);
            commit(txn, true);
        } catch (LmdbException failure) {
            throw Environments.failed(codec.file(), "the first commit", failure);
        }
        head = newHead;
        if (!lost.isEmpty()) {
            last = lost.get(lost.size() - 1).id();
        }
        redo.done();
    }

    private void writeHead(Txn<ByteBuffer> txn, EntryCodec.Head newHead) {
        codec.writeHead(entries.reserve(txn, keyFor(HEAD_KEY), EntryCodec.HEAD_BYTES), newHead);
    }

    /** Flushes the pages, and the meta page only if asked. */
    private void commit(Txn<ByteBuffer> txn, boolean metaToo) {
        txn.commit();
        if (metaToo) {
            env.sync(true);
        }
    }

    @Override
    public HardState hardState() {
        return head.hardState();
    }

    @Override
    public EntryId last() {
        return last;
    }

    @Override
    public EntryId anchor() {
        return head.anchor();
    }

    @Override
    public long entryBytes() {
        return entryBytes;
    }

    /** What the log's entries take, about. Thread-safe. */
    public long liveBytes() {
        return liveBytes;
    }

    /** What the log's pages take on disk, free ones included, without what is filled ahead. Thread-safe. */
    public long usedBytes() {
        return usedBytes;
    }

    /** Also answers for the {@link #anchor}, as Raft needs the term before the first entry. */
    @Override
    public long termAt(long index) {
        if (index == head.anchor().index()) {
            return head.anchor().term();
        }
        checkHeld(index);
        return reading(() -> {
            seekBlock(readCursor, index);
            reader.seek(index);
            return reader.id().term();
        });
    }

    @Override
    public List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        checkHeld(firstIndex);
        checkHeld(lastIndex);
        return reading(() -> {
            List<LogEntry> result = new ArrayList<>();
            seekBlock(readCursor, firstIndex);
            reader.seek(firstIndex);
            long bytes = 0;
            while (true) {
                LogEntry entry = reader.entry();
                bytes += entry.sizeBytes();
                if (bytes > bytesMax && !result.isEmpty()) {
                    return result;
                }
                result.add(entry);
                if (entry.index() >= lastIndex) {
                    return result;
                }
                stepTo(entry.index() + 1);
            }
        });
    }

    /** Turns the reader from an entry to the one after it, which may be in the next block. */
    private void stepTo(long index) {
        if (!reader.next()) {
            long found = readCursor.next() ? keyOf(readCursor) : -1;
            if (found != index) {
                throw Damage.found(codec.file(), "entry " + index, "it is missing; what follows is " + found);
            }
            reader.open(found, readCursor.val());
            Check.that(reader.next(), "the block at %d is empty", found);
        }
        reader.verify();
    }

    private void checkHeld(long index) {
        Check.that(
                index > head.anchor().index() && index <= last.index(),
                "entry %d is not in the log, which holds what follows %s up to %s",
                index,
                head.anchor(),
                last);
    }

    private interface Reading<T> {
        T run();
    }

    private <T> T reading(Reading<T> reading) {
        checkOpen();
        readTxn.renew();
        try {
            readCursor.renew(readTxn);
            return reading.run();
        } catch (LmdbException failure) {
            throw Environments.failed(codec.file(), "reading it", failure);
        } finally {
            readTxn.reset(); // An idle read transaction would keep every freed page.
        }
    }

    /** Turns cursor and reader to the block that holds the entry. */
    private void seekBlock(Cursor<ByteBuffer> cursor, long index) {
        boolean atOrAfter = cursor.get(keyFor(index), GetOp.MDB_SET_RANGE);
        if (!atOrAfter) {
            Check.that(cursor.last(), "the log has no block for entry %d", index);
        } else if (keyOf(cursor) != index) {
            Check.that(cursor.prev(), "the log has no block for entry %d", index);
        }
        reader.open(keyOf(cursor), cursor.val());
    }

    @Override
    public void write(@Nullable HardState hardState, List<LogEntry> newEntries) {
        checkOpen();
        if (newEntries.isEmpty() && (hardState == null || hardState.equals(head.hardState()))) {
            return;
        }
        checkNotFailed();
        checkFollows(newEntries);
        long start = System.nanoTime();
        failed = true; // Until it is known that it did not.
        EntryCodec.Head newHead = hardState == null ? head : head.with(hardState);
        boolean onlyAppends = newHead.equals(head) && newEntries.get(0).index() > last.index();
        long bytes = 0;
        try (Txn<ByteBuffer> txn = env.txnWrite()) {
            if (!newEntries.isEmpty()) {
                cutFrom(txn, newEntries.get(0).index());
                bytes = append(txn, newEntries, onlyAppends);
                newHead = trim(txn, newHead, newEntries.get(0).index());
            }
            if (!newHead.equals(head)) {
                writeHead(txn, newHead);
            }
            commit(txn, !onlyAppends);
        } catch (LmdbException failure) {
            throw Environments.failed(codec.file(), "the commit of " + newEntries.size() + " entries", failure);
        }
        failed = false;
        head = newHead;
        if (!newEntries.isEmpty()) {
            last = newEntries.get(newEntries.size() - 1).id();
        }
        observer.committed(System.nanoTime() - start, newEntries.size(), bytes);
        noteSize();
    }

    private void checkNotFailed() {
        if (failed) {
            throw new StorageException(codec.file() + ": an earlier commit failed, so no later one may be trusted");
        }
    }

    private void checkFollows(List<LogEntry> newEntries) {
        if (newEntries.isEmpty()) {
            return;
        }
        long expected = newEntries.get(0).index();
        Check.that(
                expected > head.anchor().index() && expected <= last.index() + 1,
                "entry %d does not follow the log, which ends at %s",
                expected,
                last);
        for (LogEntry entry : newEntries) {
            Check.that(entry.index() == expected, "entry %d stands where %d belongs", entry.index(), expected);
            expected++;
        }
    }

    /** @param sealed the commit does nothing but append these, and cut old ones off the front */
    private long append(Txn<ByteBuffer> txn, List<LogEntry> newEntries, boolean sealed) {
        EntryCodec.Seal seal = sealed ? head.seal(txn.getId(), newEntries) : EntryCodec.Seal.NONE;
        long total = 0;
        int from = 0;
        while (from < newEntries.size()) {
            int bytes = EntryCodec.BLOCK_HEADER_BYTES + EntryCodec.sizeOf(newEntries.get(from));
            int to = from + 1;
            while (to < newEntries.size() && bytes + EntryCodec.sizeOf(newEntries.get(to)) <= options.blockBytes()) {
                bytes += EntryCodec.sizeOf(newEntries.get(to));
                to++;
            }
            long firstIndex = newEntries.get(from).index();
            ByteBuffer target = entries.reserve(txn, keyFor(firstIndex), bytes, PutFlags.MDB_APPEND);
            codec.writeBlock(target, newEntries, from, to, seal);
            blocksSinceTrim++;
            total += bytes;
            from = to;
        }
        bytesSinceTrim += total;
        entryBytes += total;
        return total;
    }

    /** Removes the entries from {@code firstIndex} on; a block that begins before it is written again, cut. */
    private void cutFrom(Txn<ByteBuffer> txn, long firstIndex) {
        if (firstIndex > last.index()) {
            return;
        }
        List<LogEntry> kept = new ArrayList<>();
        try (Cursor<ByteBuffer> cursor = entries.openCursor(txn)) {
            seekBlock(cursor, firstIndex);
            while (reader.next() && reader.index() < firstIndex) {
                reader.verify();
                kept.add(reader.entry());
            }
            long removedFrom = reader.firstIndex();
            while (cursor.last() && keyOf(cursor) >= removedFrom) {
                entryBytes -= cursor.val().remaining();
                cursor.delete();
            }
        }
        if (!kept.isEmpty()) {
            append(txn, kept, false);
        }
    }

    /**
     * The entries are removed in whole blocks, beginning with the next write, a bounded number at a time and faster than
     * new ones come: many at once would stall a turn and make a free list so long that every commit writes it again.
     */
    @Override
    public void truncateBefore(long index) {
        Check.that(index <= last.index() + 1, "cannot cut before %d, the log ends at %s", index, last);
        if (trimTarget <= head.anchor().index() + 1) {
            blocksSinceTrim = TRIM_EVERY_BLOCKS; // The first step: an idle log would wait long for it.
        }
        trimTarget = Math.max(trimTarget, index);
    }

    @Override
    public void reset(EntryId anchor) {
        checkOpen();
        checkNotFailed();
        Check.that(anchor.index() > head.anchor().index(), "the log goes back from %s to %s", head.anchor(), anchor);
        long start = System.nanoTime();
        failed = true; // Until it is known that it did not.
        EntryCodec.Head newHead = head.with(anchor);
        try (Txn<ByteBuffer> txn = env.txnWrite()) {
            entries.drop(txn);
            writeHead(txn, newHead);
            commit(txn, true);
        } catch (LmdbException failure) {
            throw Environments.failed(codec.file(), "the reset to " + anchor, failure);
        }
        failed = false;
        head = newHead;
        last = anchor;
        entryBytes = 0;
        observer.committed(System.nanoTime() - start, 0, 0);
        noteSize();
    }

    private static final int TRIM_EVERY_BYTES = 256 << 10;
    private static final int TRIM_EVERY_BLOCKS = 256;
    private static final long TRIM_BYTES = 2L * TRIM_EVERY_BYTES;
    private static final int TRIM_BLOCKS = 2 * TRIM_EVERY_BLOCKS;

    /** Removes the next blocks that lie before the target and the first entry being written; returns the new head. */
    private EntryCodec.Head trim(Txn<ByteBuffer> txn, EntryCodec.Head newHead, long firstNewIndex) {
        long before = Math.min(trimTarget, firstNewIndex);
        if (newHead.anchor().index() + 1 >= before
                || (bytesSinceTrim < TRIM_EVERY_BYTES && blocksSinceTrim < TRIM_EVERY_BLOCKS)) {
            return newHead;
        }
        bytesSinceTrim = 0;
        blocksSinceTrim = 0;
        EntryId anchor = newHead.anchor();
        long bytes = 0;
        try (Cursor<ByteBuffer> cursor = entries.openCursor(txn)) {
            for (int blocks = 0; blocks < TRIM_BLOCKS && bytes < TRIM_BYTES; blocks++) {
                if (!cursor.get(keyFor(HEAD_KEY + 1), GetOp.MDB_SET_RANGE)) {
                    break;
                }
                reader.open(keyOf(cursor), cursor.val());
                if (reader.lastIndex() >= before) {
                    break;
                }
                bytes += cursor.val().remaining();
                entryBytes -= cursor.val().remaining();
                reader.seek(reader.lastIndex());
                anchor = reader.id();
                cursor.delete();
            }
        }
        return newHead.with(anchor);
    }

    private void noteSize() {
        usedBytes = Environments.usedBytes(env);
        liveBytes = entryBytes;
        fill.ahead(usedBytes);
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the log is closed");
        }
    }

    private ByteBuffer keyFor(long index) {
        return key.putLong(0, index);
    }

    /** LMDB compares integers of the machine's own byte order. */
    private static ByteBuffer newKey() {
        return ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
    }

    static long keyOf(Cursor<ByteBuffer> cursor) {
        return cursor.key().order(ByteOrder.nativeOrder()).getLong(0);
    }

    /** Closes the files; what was written is durable already. A second call does nothing. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        readCursor.close();
        readTxn.close();
        env.close();
        fill.close();
    }
}

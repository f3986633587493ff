package io.balsa.storage;

import io.balsa.node.StorageException;
import io.balsa.raft.Check;
import io.balsa.raft.EntryId;
import io.balsa.raft.LogEntry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
 * The log's part in LMDB: all but what the {@link Tail} has. Everything is in the main database, under integers: the head (term,
 * vote, anchor) under 0, blocks of entries under the index of their first one ({@link EntryCodec}).
 *
 * <p>Everything that is read is checked, and refused with a {@link StorageException} that names the entry when it is
 * damaged: nothing is ever cut off silently, since a damaged entry may be an acknowledged one.
 *
 * <p>LMDB reads through its map, and what was read once stays mapped and counts as this process's memory. A log reads most of
 * itself once, when it trims it; so the map is made anew when enough of it has been read.
 *
 * <p>Owned by the log's thread. After a failed {@link #commit} it is not to be trusted.
 */
final class LogTree implements AutoCloseable {
    private static final int HEAD_KEY = 0;

    private static final long TRIM_BYTES_MIN = 512 << 10;
    private static final int TRIM_BLOCKS = 512;

    /** What is read before the map is made anew. */
    private static final long READ_BYTES_MAX = 1 << 20;

    private final Env<ByteBuffer> env;
    private final Dbi<ByteBuffer> entries;
    private final int blockBytes;
    private final EntryCodec codec;
    private final BlockReader reader;
    private final Txn<ByteBuffer> readTxn;
    private final Cursor<ByteBuffer> readCursor;
    private final ByteBuffer key = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());

    private EntryCodec.Head head;
    private EntryId last;
    private long bytes;
    private long usedBytes;
    private long lastCommit;
    private long readBytes;

    private LogTree(Env<ByteBuffer> env, Path file, int blockBytes, long verifiedBytes) {
        this.env = env;
        this.blockBytes = blockBytes;
        this.codec = new EntryCodec(file);
        this.reader = new BlockReader(codec);
        this.entries = env.openDbi((byte[]) null, DbiFlags.MDB_INTEGERKEY);
        this.readTxn = env.txnRead();
        this.readCursor = entries.openCursor(readTxn);
        LogScan scan = new LogScan(codec, reader, readCursor, verifiedBytes);
        scan.run(entries.stat(readTxn).entries);
        this.head = scan.head();
        this.last = scan.last();
        this.bytes = scan.bytes();
        this.lastCommit = readTxn.getId();
        this.usedBytes = Environments.usedBytes(env);
        readTxn.reset();
        mapAnew();
    }

    /**
     * Opens it, or creates it, and verifies it: that it has no gap, and every checksum of its end.
     *
     * @param mapBytes what it can grow to
     * @param blockBytes a block is closed when it has reached this size
     * @param verifiedBytes of its end
     */
    static LogTree open(Path file, long mapBytes, int blockBytes, long verifiedBytes) {
        MetaPages.verify(file);
        Env<ByteBuffer> env = Environments.open(file.resolveSibling(""), mapBytes, mapBytes, EnvFlags.MDB_NOTLS);
        try {
            return new LogTree(env, file, blockBytes, verifiedBytes);
        } catch (LmdbException failure) {
            env.close();
            throw Environments.failed(file, "opening it", failure);
        } catch (RuntimeException failure) {
            env.close();
            throw failure;
        }
    }

    EntryCodec.Head head() {
        return head;
    }

    /** The last entry that it has, or the anchor. */
    EntryId last() {
        return last;
    }

    /** Of its blocks. */
    long bytes() {
        return bytes;
    }

    /** What its pages take on disk, free ones included. */
    long usedBytes() {
        return usedBytes;
    }

    /** LMDB's number of the last transaction. */
    long lastCommit() {
        return lastCommit;
    }

    /** Of an entry that it has. */
    long termAt(long index) {
        return reading(() -> {
            seekBlock(readCursor, index);
            reader.seek(index);
            return reader.id().term();
        });
    }

    /** Entries that it has, as many as fit into {@code bytesMax}, but at least the first. */
    List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        return reading(() -> {
            List<LogEntry> result = new ArrayList<>();
            seekBlock(readCursor, firstIndex);
            reader.seek(firstIndex);
            long read = 0;
            while (true) {
                LogEntry entry = reader.entry();
                read += entry.sizeBytes();
                if (read > bytesMax && !result.isEmpty()) {
                    return result;
                }
                readBytes += entry.sizeBytes();
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

    private interface Reading<T> {
        T run();
    }

    private <T> T reading(Reading<T> reading) {
        readTxn.renew();
        try {
            readCursor.renew(readTxn);
            return reading.run();
        } catch (LmdbException failure) {
            throw Environments.failed(codec.file(), "reading it", failure);
        } finally {
            readTxn.reset(); // An idle read transaction would keep every freed page.
            mapAnewWhenDue();
        }
    }

    /** While no transaction is open, as what it has read would be gone. */
    private void mapAnewWhenDue() {
        if (readBytes >= READ_BYTES_MAX) {
            mapAnew();
        }
    }

    private void mapAnew() {
        readBytes = 0;
        try {
            env.setMapSize(env.info().mapSize);
        } catch (LmdbException failure) {
            throw Environments.failed(codec.file(), "mapping it anew", failure);
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

    /**
     * One durable transaction: entries that replace everything from the first one's index on, then the removal of whole blocks
     * from the front, a bounded number and about twice as much as is added: many at once would stall a turn and make a
     * free list so long that every commit writes it again.
     *
     * @param newHead but for the anchor, which is this one's
     * @param added may be empty
     * @param trimBefore whole blocks of entries before this index may go
     */
    void commit(EntryCodec.Head newHead, List<LogEntry> added, long trimBefore) {
        EntryId newLast = added.isEmpty() ? last : added.get(added.size() - 1).id();
        EntryCodec.Head written = newHead;
        try (Txn<ByteBuffer> txn = env.txnWrite()) {
            long before = bytes;
            if (!added.isEmpty()) {
                cutFrom(txn, added.get(0).index());
                append(txn, added);
            }
            written = newHead.with(trim(txn, trimBefore, Math.max(TRIM_BYTES_MIN, 2 * (bytes - before))));
            if (!written.equals(head)) {
                codec.writeHead(entries.reserve(txn, keyFor(HEAD_KEY), EntryCodec.HEAD_BYTES), written);
            }
            long number = txn.getId();
            txn.commit();
            lastCommit = number;
        } catch (LmdbException failure) {
            throw Environments.failed(codec.file(), "the commit of " + added.size() + " entries", failure);
        }
        usedBytes = Environments.usedBytes(env);
        head = written;
        last = newLast;
        mapAnewWhenDue();
    }

    private void append(Txn<ByteBuffer> txn, List<LogEntry> added) {
        int from = 0;
        while (from < added.size()) {
            int size = EntryCodec.BLOCK_HEADER_BYTES + EntryCodec.sizeOf(added.get(from));
            int to = from + 1;
            while (to < added.size() && size + EntryCodec.sizeOf(added.get(to)) <= blockBytes) {
                size += EntryCodec.sizeOf(added.get(to));
                to++;
            }
            long firstIndex = added.get(from).index();
            ByteBuffer target = entries.reserve(txn, keyFor(firstIndex), size, PutFlags.MDB_APPEND);
            codec.writeBlock(target, added, from, to, EntryCodec.Seal.NONE);
            bytes += size;
            from = to;
        }
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
                bytes -= cursor.val().remaining();
                cursor.delete();
            }
        }
        append(txn, kept);
    }

    /** Returns the new anchor. */
    private EntryId trim(Txn<ByteBuffer> txn, long before, long bytesMax) {
        EntryId anchor = head.anchor();
        if (anchor.index() + 1 >= before) {
            return anchor;
        }
        long trimmed = 0;
        try (Cursor<ByteBuffer> cursor = entries.openCursor(txn)) {
            for (int blocks = 0; blocks < TRIM_BLOCKS && trimmed < bytesMax; blocks++) {
                if (!cursor.get(keyFor(HEAD_KEY + 1), GetOp.MDB_SET_RANGE)) {
                    break;
                }
                reader.open(keyOf(cursor), cursor.val());
                if (reader.lastIndex() >= before) {
                    break;
                }
                trimmed += cursor.val().remaining();
                reader.seek(reader.lastIndex());
                anchor = reader.id();
                cursor.delete();
            }
        }
        bytes -= trimmed;
        readBytes += trimmed;
        return anchor;
    }

    /** Removes all entries, in one durable transaction. */
    void reset(EntryId anchor) {
        EntryCodec.Head newHead = head.with(anchor);
        try (Txn<ByteBuffer> txn = env.txnWrite()) {
            entries.drop(txn);
            codec.writeHead(entries.reserve(txn, keyFor(HEAD_KEY), EntryCodec.HEAD_BYTES), newHead);
            long number = txn.getId();
            txn.commit();
            lastCommit = number;
        } catch (LmdbException failure) {
            throw Environments.failed(codec.file(), "the reset to " + anchor, failure);
        }
        usedBytes = Environments.usedBytes(env);
        head = newHead;
        last = anchor;
        bytes = 0;
    }

    /** LMDB compares integers of the machine's own byte order. */
    private ByteBuffer keyFor(long index) {
        return key.putLong(0, index);
    }

    static long keyOf(Cursor<ByteBuffer> cursor) {
        return cursor.key().order(ByteOrder.nativeOrder()).getLong(0);
    }

    @Override
    public void close() {
        readCursor.close();
        readTxn.close();
        env.close();
    }
}

package io.balsa.storage;

import io.balsa.kv.State;
import io.balsa.node.StorageException;
import io.balsa.raft.Check;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;

/**
 * The state machine's map: changes in memory, in front of an LMDB environment that a background thread brings up to
 * date, one checkpoint after the other.
 *
 * <p>Changes go to the active table. When it is full or old, and only at an {@link #applied} boundary, it becomes the
 * flushing table and a new one the active: the checkpointer writes the flushing one and its index in one transaction.
 * A key's value is what the active table says, else the flushing one, else LMDB. The flushing table is let go only
 * after its transaction is durable, and whether LMDB is read before or after that moment makes no difference to the
 * merged view, as both then say the same.
 *
 * <p>Memory is bounded: when the active table is full and the flushing one still being written, {@link #hasRoom} says
 * no, and the owner must not apply more until it says yes.
 *
 * <p>Owned by one thread; only the methods that say so are thread-safe. After {@link #close}, or after a failed
 * checkpoint, it refuses.
 */
public final class LmdbState implements State, AutoCloseable {
    /** Address space; halved until the system grants it. */
    public static final long MAP_BYTES_DEFAULT = 256L << 30;

    /** What each of the two tables may hold, about. */
    public static final long TABLE_BYTES_DEFAULT = 8 << 20;

    private static final long MAP_BYTES_MIN = 1L << 30;
    private static final long AGE_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);
    private static final long CLOSE_MILLIS_MAX = 10_000;

    private final Env<ByteBuffer> env;
    private final Dbi<ByteBuffer> dbi;
    private final Tables tables;
    private final Checkpointer checkpointer;
    private final long tableBytes;
    private final LongSupplier nanoClock;
    private final Txn<ByteBuffer> readTxn;
    private int readers;

    private MemTable active = new MemTable();
    private @Nullable MemTable flushing;
    private @Nullable Future<?> flush;
    private long lastApplied;
    private long flushedIndex;
    private long dirtySinceNanos;
    private boolean dirty;
    private boolean inTheMiddle;
    private volatile long memoryBytes;
    private boolean closed;

    private LmdbState(
            Env<ByteBuffer> env, Path file, long tableBytes, LongSupplier nanoClock, CheckpointObserver observer) {
        this.env = env;
        this.tableBytes = tableBytes;
        this.nanoClock = nanoClock;
        this.tables = new Tables(file);
        this.dbi = env.openDbi((byte[]) null, new DbiFlags[0]);
        this.readTxn = env.txnRead();
        ByteBuffer applied = dbi.get(readTxn, tables.appliedKey());
        if (applied == null && dbi.stat(readTxn).entries > 0) {
            throw Damage.found(file, "the checkpoint's index", "it is missing");
        }
        this.lastApplied = applied == null ? 0 : tables.readApplied(applied);
        readTxn.reset();
        this.flushedIndex = lastApplied;
        this.checkpointer = new Checkpointer(env, dbi, file, lastApplied, observer);
    }

    /** Opens or creates the state with the default sizes. */
    public static LmdbState open(DataDirectory directory, CheckpointObserver observer) {
        return open(directory, MAP_BYTES_DEFAULT, TABLE_BYTES_DEFAULT, observer);
    }

    /**
     * Opens or creates the state, as it was at its last checkpoint.
     *
     * @param mapBytes what it can grow to; address space only, fixed until it is opened again
     * @param tableBytes what each of the two tables in memory may hold
     * @throws StorageException when it is damaged, or the disk is full or fails
     */
    public static LmdbState open(DataDirectory directory, long mapBytes, long tableBytes, CheckpointObserver observer) {
        return open(directory.state(), mapBytes, tableBytes, System::nanoTime, observer);
    }

    static LmdbState open(
            Path directory, long mapBytes, long tableBytes, LongSupplier nanoClock, CheckpointObserver observer) {
        Path file = directory.resolve("data.mdb");
        MetaPages.verify(file);
        Env<ByteBuffer> env =
                Environments.open(directory, mapBytes, Math.min(mapBytes, MAP_BYTES_MIN), EnvFlags.MDB_NOTLS);
        try {
            return new LmdbState(env, file, tableBytes, nanoClock, observer);
        } catch (LmdbException failure) {
            env.close();
            throw Environments.failed(file, "opening it", failure);
        } catch (RuntimeException failure) {
            env.close();
            throw failure;
        }
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        checkOpen();
        byte[] value = active.get(key);
        if (value == null && flushing != null) {
            value = flushing.get(key);
        }
        if (value != null) {
            return value == MemTable.REMOVED ? null : value;
        }
        beginRead();
        try {
            ByteBuffer stored = dbi.get(readTxn, tables.key(key));
            return stored == null ? null : tables.valueOf(key, stored);
        } catch (LmdbException failure) {
            throw Environments.failed(tables.file(), "reading it", failure);
        } finally {
            endRead();
        }
    }

    @Override
    public void put(byte[] key, byte[] value) {
        change(key, value);
    }

    @Override
    public void remove(byte[] key) {
        change(key, MemTable.REMOVED);
    }

    private void change(byte[] key, byte[] value) {
        checkOpen();
        Check.that(
                key.length > 0 && key.length <= Tables.KEY_BYTES_MAX,
                "a key has 1 to %d bytes, not %d",
                Tables.KEY_BYTES_MAX,
                key.length);
        Check.that(readers == 0, "the state must not be changed while it is scanned");
        active.put(key, value);
        inTheMiddle = true;
    }

    @Override
    public void scan(byte[] start, byte @Nullable [] end, boolean reverse, Visitor visitor) {
        checkOpen();
        if (end != null && Arrays.compareUnsigned(start, end) >= 0) {
            return;
        }
        beginRead();
        try (Cursor<ByteBuffer> cursor = dbi.openCursor(readTxn)) {
            Entries entries = new DiskEntries(tables, cursor, start, end, reverse);
            if (flushing != null) {
                entries = new MergedEntries(flushing.range(start, end, reverse), entries, reverse);
            }
            entries = new MergedEntries(active.range(start, end, reverse), entries, reverse);
            while (entries.next()) {
                if (entries.value() != MemTable.REMOVED && !visitor.visit(entries.key(), entries.value())) {
                    return;
                }
            }
        } catch (LmdbException failure) {
            throw Environments.failed(tables.file(), "reading it", failure);
        } finally {
            endRead();
        }
    }

    /** A visitor may read, too: the outermost read begins and ends the transaction. */
    private void beginRead() {
        if (readers == 0) {
            readTxn.renew();
        }
        readers++;
    }

    private void endRead() {
        readers--;
        if (readers == 0) {
            readTxn.reset(); // An idle read transaction would keep every freed page.
        }
    }

    /**
     * As the contract says; also starts a checkpoint when it is time.
     *
     * @throws StorageException when a checkpoint failed: the server must halt
     */
    @Override
    public void applied(long index) {
        checkOpen();
        Check.that(index >= lastApplied, "applied goes back from %d to %d", lastApplied, index);
        Check.that(readers == 0, "the state must not be changed while it is scanned");
        collect();
        lastApplied = index;
        inTheMiddle = false;
        long now = nanoClock.getAsLong();
        if (!dirty && index > flushedIndex) {
            dirty = true;
            dirtySinceNanos = now;
        }
        boolean due = active.bytes() >= tableBytes || now - dirtySinceNanos >= AGE_NANOS_MAX;
        if (dirty && due && flushing == null) {
            var unused = startFlush(); // Asked for its outcome by a later call.
        }
        noteMemory();
    }

    private Future<?> startFlush() {
        flushing = active;
        active = new MemTable();
        flushedIndex = lastApplied;
        dirty = false;
        flush = checkpointer.start(flushing, flushedIndex);
        return flush;
    }

    /** Lets the flushing table go when it is durable. */
    private void collect() {
        if (flush != null && flush.isDone()) {
            await(flush, 0);
            flush = null;
            flushing = null;
            noteMemory();
        }
    }

    /** Waits for a checkpoint; returns whether it is durable. */
    private boolean await(Future<?> future, long timeoutMillis) {
        try {
            future.get(timeoutMillis, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException late) {
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException failure) {
            throw new StorageException("a checkpoint failed: " + failure.getMessage(), failure);
        }
    }

    private void noteMemory() {
        memoryBytes = active.bytes() + (flushing == null ? 0 : flushing.bytes());
    }

    @Override
    public long lastApplied() {
        checkOpen();
        return lastApplied;
    }

    /**
     * Whether more may be applied now. When not, the disk has fallen behind; ask again after a while.
     *
     * @throws StorageException when a checkpoint failed: the server must halt
     */
    @Override
    public boolean hasRoom() {
        checkOpen();
        Check.that(readers == 0, "not while the state is scanned");
        collect();
        return flushing == null || active.bytes() < tableBytes;
    }

    /** The index of the last durable checkpoint: the log is needed from the entry after it on. Thread-safe. */
    public long checkpointedIndex() {
        return checkpointer.checkpointedIndex();
    }

    /** What the two tables take in memory, about. Thread-safe. */
    public long memoryBytes() {
        return memoryBytes;
    }

    /** What the state's pages take on disk, free ones included. Thread-safe. */
    public long usedBytes() {
        return checkpointer.usedBytes();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the state is closed");
        }
    }

    /**
     * Writes a last checkpoint, so that the next start has nothing to apply again, and closes the files. Takes at most
     * about 20 seconds: on a disk slower than that the log brings the rest back. A second call does nothing.
     *
     * @throws StorageException when a checkpoint failed; it is closed nevertheless
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        Check.that(readers == 0, "the state must not be closed while it is scanned");
        try {
            boolean idle = flush == null || await(flush, CLOSE_MILLIS_MAX);
            if (idle && !inTheMiddle && lastApplied > flushedIndex) {
                await(startFlush(), CLOSE_MILLIS_MAX);
            }
        } finally {
            closed = true;
            if (checkpointer.stop(CLOSE_MILLIS_MAX)) {
                readTxn.close();
                env.close();
            } // Else it stays open until the process ends: closing it under a running commit would crash.
        }
    }
}

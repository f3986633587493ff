package io.balsa.storage;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.balsa.kv.State;
import io.balsa.node.DamagedStoreException;
import io.balsa.node.StorageException;
import io.balsa.raft.Check;
import io.balsa.raft.EntryId;
import io.balsa.raft.TransferId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.SplittableRandom;
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

    static final String FILE = "data.mdb";
    static final long MAP_BYTES_MIN = 1L << 30;
    private static final long AGE_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);
    /** Changes of a few keys never fill a table, however many they are; but the log has to keep them until the checkpoint. */
    private static final int CHANGED_TABLES = 8;

    /**
     * Of what is due for a checkpoint, a part that is drawn each time. Servers apply the same entries: without it all of them
     * would make their checkpoints at the same moments, and none would be there to answer for one whose disk is busy.
     */
    private static final double DUE_SHARE_MIN = 0.75;

    private static final long CLOSE_MILLIS_MAX = 10_000;

    /** What is replaced as one when a snapshot is installed. */
    private record Disk(
            Env<ByteBuffer> env,
            Dbi<ByteBuffer> dbi,
            Txn<ByteBuffer> readTxn,
            Checkpointer checkpointer,
            EntryId installed) {}

    private final Path directory;
    private final long mapBytes;
    private final Tables tables;
    private final long tableBytes;
    private final LongSupplier nanoClock;
    private final CheckpointObserver observer;
    private volatile Disk disk;
    private int readers;

    private MemTable active = new MemTable();
    private @Nullable MemTable flushing;
    private @Nullable Future<?> flush;
    private final SplittableRandom random = new SplittableRandom();
    private double dueShare = random.nextDouble(DUE_SHARE_MIN, 1);
    private long changedBytes;
    private long lastApplied;
    private long flushedIndex;
    private long dirtySinceNanos;
    private boolean dirty;
    private boolean inTheMiddle;
    private volatile long memoryBytes;
    private boolean closed;
    private volatile boolean abandoned;

    private LmdbState(
            Path directory, long mapBytes, long tableBytes, LongSupplier nanoClock, CheckpointObserver observer) {
        this.directory = directory;
        this.mapBytes = mapBytes;
        this.tableBytes = tableBytes;
        this.nanoClock = nanoClock;
        this.observer = observer;
        this.tables = new Tables(directory.resolve(FILE));
        this.disk = openDisk(directory, mapBytes, tables, observer);
        this.lastApplied = disk.checkpointer().checkpointedIndex();
        this.flushedIndex = lastApplied;
    }

    private static Disk openDisk(Path directory, long mapBytes, Tables tables, CheckpointObserver observer) {
        MetaPages.verify(tables.file());
        Env<ByteBuffer> env =
                Environments.open(directory, mapBytes, Math.min(mapBytes, MAP_BYTES_MIN), EnvFlags.MDB_NOTLS);
        try {
            Dbi<ByteBuffer> dbi = env.openDbi((byte[]) null, new DbiFlags[0]);
            Txn<ByteBuffer> readTxn = env.txnRead();
            ByteBuffer applied = dbi.get(readTxn, tables.appliedKey());
            if (applied == null && dbi.stat(readTxn).entries > 0) {
                throw Damage.found(tables.file(), "the checkpoint's index", "it is missing");
            }
            long index = applied == null ? 0 : tables.readApplied(applied);
            ByteBuffer installed = dbi.get(readTxn, tables.installedKey());
            EntryId end = installed == null ? EntryId.NONE : tables.readInstalled(installed);
            readTxn.reset();
            return new Disk(env, dbi, readTxn, new Checkpointer(env, dbi, tables.file(), index, observer), end);
        } catch (LmdbException failure) {
            env.close();
            throw Environments.failed(tables.file(), "opening it", failure);
        } catch (RuntimeException failure) {
            env.close();
            throw failure;
        }
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
        return new LmdbState(directory, mapBytes, tableBytes, nanoClock, observer);
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
            ByteBuffer stored = disk.dbi().get(disk.readTxn(), tables.key(key));
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
        changedBytes += key.length + value.length;
        inTheMiddle = true;
    }

    @Override
    public void scan(byte[] start, byte @Nullable [] end, boolean reverse, Visitor visitor) {
        checkOpen();
        if (end != null && Arrays.compareUnsigned(start, end) >= 0) {
            return;
        }
        beginRead();
        try (Cursor<ByteBuffer> cursor = disk.dbi().openCursor(disk.readTxn())) {
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
            disk.readTxn().renew();
        }
        readers++;
    }

    private void endRead() {
        readers--;
        if (readers == 0) {
            disk.readTxn().reset(); // An idle read transaction would keep every freed page.
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
        checkpointIfDue(now);
        noteMemory();
    }

    private void checkpointIfDue(long now) {
        boolean due = active.bytes() >= dueShare * tableBytes
                || changedBytes >= dueShare * CHANGED_TABLES * tableBytes
                || now - dirtySinceNanos >= AGE_NANOS_MAX;
        if (dirty && due && flushing == null) {
            var unused = startFlush(); // Asked for its outcome by a later call.
        }
    }

    private Future<?> startFlush() {
        flushing = active;
        active = new MemTable();
        changedBytes = 0;
        dueShare = random.nextDouble(DUE_SHARE_MIN, 1);
        flushedIndex = lastApplied;
        dirty = false;
        flush = disk.checkpointer().start(flushing, flushedIndex);
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
            if (failure.getCause() instanceof DamagedStoreException damaged) {
                throw damaged;
            }
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
        if (!inTheMiddle) {
            checkpointIfDue(
                    nanoClock.getAsLong()); // Nothing may follow: where a quota refuses it until this has made room.
        }
        return flushing == null || active.bytes() < tableBytes;
    }

    /** The index of the last durable checkpoint: the log is needed from the entry after it on. Thread-safe. */
    @Override
    public long durableIndex() {
        return disk.checkpointer().checkpointedIndex();
    }

    /** The end of the snapshot that this state was replaced by; {@link EntryId#NONE} if it never was. Thread-safe. */
    public EntryId installed() {
        return disk.installed();
    }

    /** A snapshot of the last checkpoint; on any thread, but not while {@link #replaceBy} or {@link #close} run. */
    SnapshotReader openSnapshot(TransferId transfer, long nowNanos) {
        Disk present = disk;
        return new SnapshotReader(transfer, present.env(), present.dbi(), new Tables(tables.file()), nowNanos);
    }

    /**
     * Takes a whole state from {@code file} and forgets everything else. When it returns the new one is durable; a crash
     * before leaves this one as it was at its last checkpoint. No snapshot of this state may be open.
     *
     * @throws StorageException when a checkpoint or the disk failed: the server must halt
     */
    void replaceBy(Path file, EntryId lastIncluded) {
        checkOpen();
        Check.that(readers == 0 && !inTheMiddle, "the state must not be replaced amid an entry");
        Check.that(lastIncluded.index() > lastApplied, "the state goes back from %d to %s", lastApplied, lastIncluded);
        disk.checkpointer().waitNoMore();
        if (!closeDisk(flush == null || await(flush, CLOSE_MILLIS_MAX))) {
            throw new StorageException(tables.file() + ": a checkpoint does not end, so no snapshot can be installed");
        }
        try {
            Files.move(file, tables.file(), StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
                names.force(true);
            }
        } catch (IOException failure) {
            throw new StorageException(tables.file() + " cannot be replaced by " + file + ": " + failure, failure);
        }
        disk = openDisk(directory, mapBytes, tables, observer);
        Check.that(
                disk.installed().equals(lastIncluded) && durableIndex() == lastIncluded.index(),
                "%s is the snapshot up to %s, not %s",
                tables.file(),
                disk.installed(),
                lastIncluded);
        active = new MemTable();
        flushing = null;
        flush = null;
        lastApplied = lastIncluded.index();
        flushedIndex = lastApplied;
        dirty = false;
        noteMemory();
    }

    /** What the two tables take in memory, about. Thread-safe. */
    public long memoryBytes() {
        return memoryBytes;
    }

    /** What the state's pages that are in use take, as of the last checkpoint. Thread-safe. */
    @Override
    public long liveBytes() {
        return disk.checkpointer().liveBytes();
    }

    /** What the state's pages take on disk, free ones included. Thread-safe. */
    public long usedBytes() {
        return disk.checkpointer().usedBytes();
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
        disk.checkpointer().waitNoMore();
        if (abandoned) {
            closed = true;
            closeDisk(flush == null || endsSoon(flush));
            return;
        }
        try {
            boolean idle = flush == null || await(flush, CLOSE_MILLIS_MAX);
            if (idle && !inTheMiddle && lastApplied > flushedIndex) {
                await(startFlush(), CLOSE_MILLIS_MAX);
            }
        } finally {
            closed = true;
            closeDisk(true);
        }
    }

    /** Nothing more is written, also at the end: what is on the disk is wrong. Thread-safe. */
    public void abandon() {
        abandoned = true;
    }

    private boolean endsSoon(Future<?> future) {
        try {
            return await(future, CLOSE_MILLIS_MAX);
        } catch (StorageException failed) {
            return true; // It has ended, and why does not matter any more.
        }
    }

    /** False: it stays open until the process ends, since closing it under a running commit would crash. */
    @CanIgnoreReturnValue
    private boolean closeDisk(boolean idle) {
        if (!idle || !disk.checkpointer().stop(CLOSE_MILLIS_MAX)) {
            return false;
        }
        disk.readTxn().close();
        disk.env().close();
        return true;
    }
}

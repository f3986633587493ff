package io.balsa.storage;

import io.balsa.node.StorageException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Dbi;
import org.lmdbjava.Env;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;

/**
 * Writes tables to {@code state/}, each in one atomic, synchronous transaction together with the index that it brings
 * the state to, on a thread of its own. At most one at a time is handed to it.
 *
 * <p>Visibility: handing a task to an executor makes what the Raft thread did before visible to this thread, so the
 * table needs no lock, as nobody changes it any more; a {@link Future} that is done makes what this thread did visible
 * to who asked it. The two fields that others read at any time are volatile.
 */
final class Checkpointer {
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Env<ByteBuffer> env;
    private final Dbi<ByteBuffer> dbi;
    private final Tables tables;
    private final CheckpointObserver observer;
    private final PageFill fill;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(Checkpointer::newThread);
    private volatile long checkpointedIndex;
    private volatile long usedBytes;
    private volatile long liveBytes;
    private volatile boolean impatient;

    Checkpointer(
            Env<ByteBuffer> env, Dbi<ByteBuffer> dbi, Path file, long checkpointedIndex, CheckpointObserver observer) {
        this.env = env;
        this.dbi = dbi;
        this.tables = new Tables(file);
        this.checkpointedIndex = checkpointedIndex;
        this.observer = observer;
        this.usedBytes = Environments.usedBytes(env);
        try (Txn<ByteBuffer> txn = env.txnRead()) {
            this.liveBytes = Environments.liveBytes(dbi, txn);
        }
        this.fill = PageFill.open(file, usedBytes);
    }

    private static Thread newThread(Runnable task) {
        Thread thread = new Thread(task, "balsa-checkpointer");
        thread.setDaemon(true); // A server that halts does not wait for it: the transaction is atomic.
        return thread;
    }

    /** Starts to write the table; the future fails with a {@link StorageException}. */
    Future<?> start(MemTable table, long index) {
        return thread.submit(() -> write(table, index));
    }

    private void write(MemTable table, long index) {
        StorageException full = commit(table, index);
        if (full != null) {
            observer.waitsForRoom(full);
        }
        while (full != null) {
            if (impatient) {
                throw full;
            }
            LockSupport.parkNanos(RETRY_NANOS);
            full = commit(table, index);
        }
    }

    /**
     * Returns why there was no room. Then nothing is lost by trying again, whatever it was that failed, a write or the flush: the
     * log has all of it, the pages that were written belong to nobody, and the next transaction writes every one of its own anew.
     */
    private @Nullable StorageException commit(MemTable table, long index) {
        long start = System.nanoTime();
        long live;
        fill.beforeTransaction(usedBytes);
        try (Txn<ByteBuffer> txn = env.txnWrite()) {
            for (MemTable.Change change : table.changes()) {
                byte[] value = change.value();
                ByteBuffer key = tables.key(change.key());
                if (value == MemTable.REMOVED) {
                    dbi.delete(txn, key);
                } else {
                    tables.writeValue(dbi.reserve(txn, key, Tables.sizeOf(value)), change.key(), value);
                }
            }
            tables.writeApplied(dbi.reserve(txn, tables.appliedKey(), Tables.appliedSize()), index);
            live = Environments.liveBytes(dbi, txn);
            txn.commit();
        } catch (LmdbException failure) {
            return fullOrThrow(index, failure);
        }
        observer.committed(System.nanoTime() - start);
        usedBytes = Environments.usedBytes(env);
        liveBytes = live;
        checkpointedIndex = index;
        return null;
    }

    private StorageException fullOrThrow(long index, LmdbException failure) {
        StorageException failed = Environments.failed(tables.file(), "the checkpoint at " + index, failure);
        if (Environments.isFull(tables.file(), failure)) {
            return failed;
        }
        throw failed;
    }

    /** One that waits for room fails, and so does every later one that finds none. Thread-safe. */
    void waitNoMore() {
        impatient = true;
    }

    /** The index of the last checkpoint that is durable. Thread-safe. */
    long checkpointedIndex() {
        return checkpointedIndex;
    }

    /** What the pages that are in use take. Thread-safe. */
    long liveBytes() {
        return liveBytes;
    }

    /** What the pages take on disk. Thread-safe. */
    long usedBytes() {
        return usedBytes;
    }

    /** Takes no more; returns whether the thread ended within the time, so that the environment may be closed. */
    boolean stop(long timeoutMillis) {
        thread.shutdown();
        boolean interrupted = Thread.interrupted();
        try {
            boolean ended = thread.awaitTermination(timeoutMillis, TimeUnit.MILLISECONDS);
            if (ended) {
                fill.close();
            }
            return ended;
        } catch (InterruptedException again) {
            interrupted = true;
            return false;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}

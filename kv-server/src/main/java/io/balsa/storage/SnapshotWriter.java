package io.balsa.storage;

import io.balsa.node.SnapshotDecoder;
import io.balsa.node.StorageException;
import io.balsa.raft.EntryId;
import io.balsa.raft.Message;
import io.balsa.raft.TransferId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.PutFlags;
import org.lmdbjava.Txn;

/**
 * Puts a snapshot that comes in chunks together as an LMDB environment of its own. Its index is written last: without
 * that it is no state. Owned by one thread.
 */
final class SnapshotWriter implements AutoCloseable {
    /** What one transaction holds in memory; and a flush of all at the end would hold up the log's. */
    private static final int COMMIT_BYTES = 8 << 20;

    private final TransferId transfer;
    private final EntryId lastIncluded;
    private final Path directory;
    private final Tables tables;
    private final Env<ByteBuffer> env;
    private final Dbi<ByteBuffer> dbi;
    private final PageFill fill;
    private final SnapshotDecoder decoder;
    private final long openedNanos;
    private @Nullable Txn<ByteBuffer> txn;
    private long uncommittedBytes;
    private long bytes;
    private boolean closed;

    /** Removes what is in {@code directory}, and begins. */
    SnapshotWriter(Message.InstallSnapshot first, Path directory, long mapBytes, long nowNanos) throws IOException {
        this.transfer = first.transferId();
        this.lastIncluded = first.lastIncluded();
        this.directory = directory;
        this.openedNanos = nowNanos;
        DataDirectory.clear(directory);
        Path file = directory.resolve(LmdbState.FILE);
        this.tables = new Tables(file);
        this.env =
                Environments.open(directory, mapBytes, Math.min(mapBytes, LmdbState.MAP_BYTES_MIN), EnvFlags.MDB_NOTLS);
        this.dbi = env.openDbi((byte[]) null, new DbiFlags[0]);
        this.fill = PageFill.open(file, Environments.usedBytes(env));
        this.decoder = new SnapshotDecoder(lastIncluded.index(), this::put);
    }

    TransferId transfer() {
        return transfer;
    }

    EntryId lastIncluded() {
        return lastIncluded;
    }

    /** Stored so far, as chunks. */
    long bytes() {
        return bytes;
    }

    long records() {
        return decoder.records();
    }

    long openedNanos() {
        return openedNanos;
    }

    /** The next chunk; when it is the last, all is durable on return. */
    void add(Message.InstallSnapshot chunk) throws SnapshotDecoder.RefusedException {
        try {
            decoder.add(chunk.data());
            bytes += chunk.data().remaining();
            if (decoder.whole() != chunk.done()) {
                throw new SnapshotDecoder.RefusedException("it ends elsewhere than its last chunk");
            }
            if (decoder.whole()) {
                finish();
            } else if (uncommittedBytes >= COMMIT_BYTES) {
                commit();
            }
        } catch (LmdbException failure) {
            throw Environments.failed(tables.file(), "storing a snapshot", failure);
        } catch (IOException failure) {
            throw new StorageException(directory + " cannot be flushed: " + failure, failure);
        }
    }

    private void put(byte[] key, byte[] value) {
        ByteBuffer storedKey = tables.storedKey(key);
        if (!Tables.isState(storedKey)) {
            throw new StorageException("a snapshot must hold the state only, not what is its sender's alone");
        }
        byte[] ownKey = Tables.keyOf(storedKey);
        ByteBuffer target = dbi.reserve(begun(), storedKey, Tables.sizeOf(value), PutFlags.MDB_APPEND);
        tables.writeValue(target, ownKey, value);
        uncommittedBytes += key.length + value.length;
    }

    private Txn<ByteBuffer> begun() {
        Txn<ByteBuffer> begun = txn;
        if (begun == null) {
            fill.beforeTransaction(Environments.usedBytes(env));
            begun = env.txnWrite();
            txn = begun;
        }
        return begun;
    }

    private void commit() {
        Txn<ByteBuffer> begun = begun();
        txn = null;
        try (begun) {
            begun.commit();
        }
        uncommittedBytes = 0;
    }

    private void finish() throws IOException {
        tables.writeInstalled(dbi.reserve(begun(), tables.installedKey(), Tables.installedSize()), lastIncluded);
        tables.writeApplied(dbi.reserve(begun(), tables.appliedKey(), Tables.appliedSize()), lastIncluded.index());
        commit();
        close();
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (txn != null) {
            txn.close();
        }
        fill.close();
        env.close();
    }
}

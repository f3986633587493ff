package io.balsa.storage;

import io.balsa.node.SnapshotEncoder;
import io.balsa.raft.SnapshotChunk;
import io.balsa.raft.TransferId;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.Env;
import org.lmdbjava.LmdbException;
import org.lmdbjava.SeekOp;
import org.lmdbjava.Txn;

/**
 * Reads one snapshot, chunk by chunk, in one read transaction on the state's last checkpoint. It keeps LMDB from using
 * pages again that were freed since, so it must be closed soon. One thread at a time.
 */
final class SnapshotReader implements AutoCloseable {
    static final int CHUNK_BYTES = 256 << 10;

    private final TransferId transfer;
    private final Tables tables;
    private final Txn<ByteBuffer> txn;
    private final Cursor<ByteBuffer> cursor;
    private final SnapshotEncoder encoder;
    private final long index;
    private final long openedNanos;
    private long lastReadNanos;
    private long bytes;

    SnapshotReader(TransferId transfer, Env<ByteBuffer> env, Dbi<ByteBuffer> dbi, Tables tables, long nowNanos) {
        this.transfer = transfer;
        this.tables = tables;
        this.openedNanos = nowNanos;
        this.lastReadNanos = nowNanos;
        this.txn = env.txnRead();
        this.cursor = dbi.openCursor(txn);
        ByteBuffer applied = dbi.get(txn, tables.appliedKey());
        this.index = applied == null ? 0 : tables.readApplied(applied);
        this.encoder = new SnapshotEncoder(new Records(), index, CHUNK_BYTES);
    }

    /** The next chunk; not after the last. */
    SnapshotChunk next(long nowNanos) {
        lastReadNanos = nowNanos;
        try {
            ByteBuffer data = encoder.next();
            SnapshotChunk chunk = new SnapshotChunk(transfer, index, bytes, data, encoder.done());
            bytes += data.remaining();
            return chunk;
        } catch (LmdbException failure) {
            throw Environments.failed(tables.file(), "reading a snapshot", failure);
        }
    }

    /** The last entry in it. */
    long index() {
        return index;
    }

    /** Read so far. */
    long bytes() {
        return bytes;
    }

    long openedNanos() {
        return openedNanos;
    }

    long lastReadNanos() {
        return lastReadNanos;
    }

    @Override
    public void close() {
        cursor.close();
        txn.close();
    }

    /** Everything in the state but what is this server's alone. */
    private final class Records implements SnapshotEncoder.Source {
        private byte[] key = new byte[0];
        private boolean begun;

        @Override
        public byte @Nullable [] nextKey() {
            boolean found = begun ? cursor.next() : cursor.seek(SeekOp.MDB_FIRST);
            begun = true;
            while (found && Tables.isPrivate(cursor.key())) {
                found = cursor.next();
            }
            if (!found) {
                return null;
            }
            key = new byte[cursor.key().remaining()];
            cursor.key().get(0, key);
            return key;
        }

        @Override
        public byte[] value() {
            return tables.valueOf(cursor.key(), cursor.val());
        }
    }
}

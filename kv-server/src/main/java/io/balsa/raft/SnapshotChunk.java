package io.balsa.raft;

import java.nio.ByteBuffer;

/**
 * A piece of a snapshot, as it was read from the state of the server that sends it.
 *
 * @param index of the last entry that the snapshot includes; the same in all chunks of a transfer
 * @param offset bytes of the transfer before this chunk
 * @param data not empty; read-only, position 0 to limit
 * @param done the last one
 */
public record SnapshotChunk(TransferId transfer, long index, long offset, ByteBuffer data, boolean done) {
    public SnapshotChunk {
        Check.that(data.hasRemaining(), "an empty chunk in %s", transfer);
        data = data.isReadOnly() ? data : data.asReadOnlyBuffer();
    }

    long endOffset() {
        return offset + data.remaining();
    }
}

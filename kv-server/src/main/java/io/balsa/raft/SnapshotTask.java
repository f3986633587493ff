package io.balsa.raft;

/** Work on snapshots that takes long and is done beside the core; what comes of it is an input of {@link Raft}. */
public sealed interface SnapshotTask {
    /**
     * Read the next chunk of a transfer, the first one from the state as it is at its last checkpoint; then {@link
     * SnapshotResults#read} or {@link SnapshotResults#readFailed}.
     */
    record Read(TransferId transfer) implements SnapshotTask {}

    /** No more chunks of this transfer are wanted: what it holds open must be closed. */
    record EndRead(TransferId transfer) implements SnapshotTask {}

    /**
     * Store a chunk beside the present state; the first one of a transfer takes the place of what was stored of another.
     * Then {@link SnapshotResults#stored} or {@link SnapshotResults#refused}. Chunks of a transfer come in order and once.
     */
    record Store(Message.InstallSnapshot chunk) implements SnapshotTask {}
}

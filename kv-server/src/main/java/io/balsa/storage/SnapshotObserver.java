package io.balsa.storage;

import io.balsa.raft.TransferId;

/** Sees snapshots go and come; called on the threads that do it. Must be thread-safe. */
public interface SnapshotObserver {
    /** Looks away. */
    SnapshotObserver NONE = new SnapshotObserver() {};

    /** A chunk was read to be sent; the snapshot includes entries up to {@code index}. */
    default void chunkRead(TransferId transfer, long index, int bytes) {}

    /** All of a snapshot was read, {@code nanos} after it was opened. */
    default void allRead(TransferId transfer, long index, long bytes, long nanos) {}

    /** A transfer ended before all of its snapshot was read. */
    default void readEnded(TransferId transfer, long index, long bytes, String reason) {}

    /** A chunk was stored. */
    default void chunkStored(TransferId transfer, int bytes) {}

    /** A whole snapshot is durable, {@code nanos} after its first chunk came. */
    default void allStored(TransferId transfer, long index, long records, long bytes, long nanos) {}

    /** A snapshot that came in cannot be used. */
    default void refused(TransferId transfer, String reason) {}
}

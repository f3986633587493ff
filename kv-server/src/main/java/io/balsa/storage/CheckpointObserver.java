package io.balsa.storage;

import io.balsa.node.StorageException;

/** Sees every checkpoint of the state; called on the checkpointer's thread. Must be thread-safe. */
@FunctionalInterface
public interface CheckpointObserver {
    /** Looks away. */
    CheckpointObserver NONE = nanos -> {};

    /**
     * One checkpoint is durable.
     *
     * @param nanos from the transaction's begin until it was on the disk
     */
    void committed(long nanos);

    /**
     * The disk is too full for a checkpoint. Who returns lets it be tried again and again until there is room; otherwise it has
     * failed.
     *
     * @param why told once for each checkpoint
     */
    default void waitsForRoom(StorageException why) {
        throw why;
    }
}

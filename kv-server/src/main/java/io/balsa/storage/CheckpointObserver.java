package io.balsa.storage;

/** Sees every checkpoint of the state; called on the checkpointer's thread right after it. Must be thread-safe. */
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
}

package io.balsa.storage;

/** Sees every commit of the log; called on the Raft thread right after it, so it must return at once. */
@FunctionalInterface
public interface CommitObserver {
    /** Looks away. */
    CommitObserver NONE = (nanos, entries, bytes) -> {};

    /**
     * One commit is durable.
     *
     * @param nanos from the transaction's begin until it was on the disk
     * @param entries how many log entries it wrote; 0 when only the term or the vote changed
     * @param bytes of these entries as they are stored, without LMDB's own pages
     */
    void committed(long nanos, int entries, long bytes);
}

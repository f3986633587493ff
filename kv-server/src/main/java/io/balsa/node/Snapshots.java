package io.balsa.node;

import io.balsa.raft.EntryId;
import io.balsa.raft.SnapshotChunk;
import io.balsa.raft.SnapshotTask;
import io.balsa.raft.TransferId;

/**
 * Reads the state at its last checkpoint for other servers, and stores what they send, beside the Raft thread. What comes
 * of a task is told to {@link Outcomes}.
 */
public interface Snapshots {
    /** Sends and receives nothing. */
    Snapshots NONE = new Snapshots() {
        @Override
        public void start(SnapshotTask task) {
            throw new AssertionError("nobody is here for " + task);
        }

        @Override
        public void install(TransferId transfer, EntryId lastIncluded) {
            throw new AssertionError("nothing came of " + transfer);
        }
    };

    /** Takes what comes of tasks, on any thread, and never loses it: an input of the loop each. */
    interface Outcomes {
        /** See {@link RaftLoop#snapshotRead}. */
        void read(SnapshotChunk chunk);

        /** See {@link RaftLoop#snapshotReadFailed}. */
        void readFailed(TransferId transfer);

        /** See {@link RaftLoop#snapshotStored}. */
        void stored(TransferId transfer, long offset, boolean whole);

        /** See {@link RaftLoop#snapshotRefused}. */
        void refused(TransferId transfer);
    }

    /** Begins a task; returns at once. */
    void start(SnapshotTask task);

    /**
     * Replaces the state by what the transfer has brought, which was reported as stored whole. Returns when it is durable: a
     * crash at any moment leaves the state as it was, or the new one, which knows {@code lastIncluded}. A failure is a {@link
     * StorageException}.
     */
    void install(TransferId transfer, EntryId lastIncluded);
}

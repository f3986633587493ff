package io.balsa.raft;

import org.jspecify.annotations.Nullable;

/** Takes in what came of the {@link SnapshotTask}s of one server. Not thread-safe, as its {@link Raft} is not. */
public final class SnapshotResults {
    private final Raft raft;
    private @Nullable SnapshotReception reception;

    SnapshotResults(Raft raft) {
        this.raft = raft;
    }

    /** The next chunk of a transfer has been read. */
    public void read(SnapshotChunk chunk) {
        if (raft.currentRole() instanceof Leader leader) {
            leader.snapshots().read(chunk);
        }
    }

    /** No more of a transfer can be read; another one is begun if it is still needed. */
    public void readFailed(TransferId transfer) {
        if (raft.currentRole() instanceof Leader leader) {
            leader.snapshots().readFailed(transfer);
        }
    }

    /**
     * Chunks of a transfer have been stored.
     *
     * @param offset bytes of the transfer that are stored now
     * @param whole all of it is there, verified and durable
     */
    public void stored(TransferId transfer, long offset, boolean whole) {
        SnapshotReception stored = reception;
        if (stored == null || !stored.id.equals(transfer)) {
            return;
        }
        stored.stored(offset);
        if (whole) {
            reception = null;
        }
        // A leader's log is complete, and of another term's transfer nobody waits for the answer.
        if (raft.currentRole() instanceof Follower follower && transfer.term() == raft.currentTerm()) {
            follower.snapshotStored(stored, whole);
        }
    }

    /**
     * A snapshot has replaced the state, as {@link Ready#snapshot} asked; before any other call.
     *
     * @param membership that the state records now; null: none, as it was never changed
     */
    public void installed(EntryId lastIncluded, @Nullable Membership membership) {
        raft.log().memberships().installed(membership, lastIncluded.index());
    }

    /** A chunk of a transfer did not fit what came before, or is damaged. */
    public void refused(TransferId transfer) {
        if (reception == null || !reception.id.equals(transfer)) {
            return;
        }
        reception = null;
        if (raft.currentRole() instanceof Follower follower && transfer.term() == raft.currentTerm()) {
            follower.snapshotRefused(transfer);
        }
    }

    @Nullable
    SnapshotReception reception() {
        return reception;
    }

    void receive(SnapshotReception begun) {
        reception = begun;
    }
}

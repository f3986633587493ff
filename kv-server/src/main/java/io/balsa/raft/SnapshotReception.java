package io.balsa.raft;

/** A snapshot that comes in from the leader (§7): how much of it has arrived, and how much is stored. */
final class SnapshotReception {
    final TransferId id;
    final EntryId lastIncluded;
    private long arrivedOffset;
    private long storedOffset;
    private boolean allArrived;

    SnapshotReception(TransferId id, EntryId lastIncluded) {
        this.id = id;
        this.lastIncluded = lastIncluded;
    }

    /** Whether the chunk continues what has arrived; if so, it counts as arrived from now on. */
    boolean take(Message.InstallSnapshot chunk) {
        if (allArrived || chunk.offset() != arrivedOffset) {
            return false; // Repeated, or it has overtaken another.
        }
        arrivedOffset += chunk.data().remaining();
        allArrived = chunk.done();
        return true;
    }

    void stored(long offset) {
        storedOffset = Math.max(storedOffset, offset);
    }

    long storedOffset() {
        return storedOffset;
    }
}

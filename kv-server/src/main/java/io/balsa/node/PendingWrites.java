package io.balsa.node;

import io.balsa.kv.Outcome;
import io.balsa.raft.EntryId;
import io.balsa.raft.NodeId;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The writes that were proposed here and not yet answered, in the order of their entries. Each is answered exactly once:
 * applied when its own entry comes back, not applied when another entry has its place, and unknown when neither happened
 * in time. Owned by the Raft thread.
 */
final class PendingWrites {
    private static final class Pending {
        final EntryId id;
        final long proposedAtNanos;
        final Consumer<WriteResult> reply;
        long deadlineTick;
        boolean leaderChanged;

        Pending(EntryId id, long proposedAtNanos, long deadlineTick, Consumer<WriteResult> reply) {
            this.id = id;
            this.proposedAtNanos = proposedAtNanos;
            this.deadlineTick = deadlineTick;
            this.reply = reply;
        }
    }

    private final ArrayDeque<Pending> pending = new ArrayDeque<>();
    private final Observer observer;

    PendingWrites(Observer observer) {
        this.observer = observer;
    }

    int size() {
        return pending.size();
    }

    void add(EntryId id, long nowNanos, long deadlineTick, Consumer<WriteResult> reply) {
        // This server led before, lost entries to another leader, and leads again: other servers may still have those.
        while (!pending.isEmpty() && pending.getLast().id.index() >= id.index()) {
            uncertain(pending.removeLast(), Uncertainty.LEADER_CHANGED, null, id.term());
        }
        pending.add(new Pending(id, nowNanos, deadlineTick, reply));
    }

    /** The entry {@code id} was applied, with this outcome. */
    void applied(EntryId id, Outcome outcome, long nowNanos, @Nullable NodeId leader) {
        while (!pending.isEmpty() && pending.getFirst().id.index() <= id.index()) {
            Pending write = pending.removeFirst();
            if (write.id.equals(id)) {
                observer.applied(nowNanos - write.proposedAtNanos);
                write.reply.accept(new WriteResult.Applied(outcome, id.index(), id.term()));
            } else {
                notApplied(write, leader, id.term());
            }
        }
    }

    /** A new leader's first entry was applied: what was proposed for its place or one before it has lost that place. */
    void overtaken(EntryId noOp, @Nullable NodeId leader) {
        while (!pending.isEmpty() && pending.getFirst().id.index() <= noOp.index()) {
            notApplied(pending.removeFirst(), leader, noOp.term());
        }
    }

    /** Entries up to {@code index} came as a snapshot: whether a write is among them does not show in it. */
    void skipped(long index, @Nullable NodeId leader, long term) {
        while (!pending.isEmpty() && pending.getFirst().id.index() <= index) {
            uncertain(pending.removeFirst(), Uncertainty.LEADER_CHANGED, leader, term);
        }
    }

    private void notApplied(Pending write, @Nullable NodeId leader, long term) {
        observer.writeRefused(Refusal.NOT_LEADER);
        write.reply.accept(new WriteResult.NotApplied(Refusal.NOT_LEADER, leader, term));
    }

    /** This server leads no longer: what is not known soon will not be known here. */
    void leadershipLost(long deadlineTick) {
        for (Pending write : pending) {
            write.leaderChanged = true;
            write.deadlineTick = Math.min(write.deadlineTick, deadlineTick);
        }
    }

    void expire(long tick, @Nullable NodeId leader, long term) {
        Iterator<Pending> iterator = pending.iterator();
        while (iterator.hasNext()) {
            Pending write = iterator.next();
            if (write.deadlineTick <= tick) {
                iterator.remove();
                Uncertainty reason = write.leaderChanged ? Uncertainty.LEADER_CHANGED : Uncertainty.COMMIT_TIMEOUT;
                uncertain(write, reason, leader, term);
            }
        }
    }

    void stop(long term) {
        while (!pending.isEmpty()) {
            uncertain(pending.removeFirst(), Uncertainty.STOPPED, null, term);
        }
    }

    private void uncertain(Pending write, Uncertainty reason, @Nullable NodeId leader, long term) {
        observer.writeUncertain(reason);
        write.reply.accept(new WriteResult.Unknown(reason, leader, term));
    }
}

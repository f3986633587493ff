package io.balsa.raft;

import org.jspecify.annotations.Nullable;

/** What became of a proposal at once. Only an accepted one can ever be applied. */
public sealed interface Proposal {
    /** Appended to the leader's log; committed once a majority has it, unless another leader overwrites it first. */
    record Accepted(EntryId id) implements Proposal {}

    /** This server does not lead. */
    record NotLeader(@Nullable NodeId leader) implements Proposal {}

    /** This server is handing its leadership over. */
    record Transferring() implements Proposal {}

    /** Too much is waiting to be committed and applied: {@code unappliedBytes} of {@code unappliedBytesMax}. */
    record Busy(long unappliedBytes, long unappliedBytesMax) implements Proposal {}

    /**
     * A change of membership that is not allowed, or not now.
     *
     * @param detail for people, in a sentence
     * @param revision of the membership
     */
    record Rejected(Reason reason, String detail, long revision) implements Proposal {}

    /** Why a change of membership is rejected. */
    enum Reason {
        /** The membership is not at the revision that the change was made for. */
        REVISION_MISMATCH,
        /** The leader has not committed an entry of its own term yet: an older change may still be undone. */
        NOT_READY,
        /** The last change is not committed yet. */
        CHANGE_IN_PROGRESS,
        NO_SUCH_MEMBER,
        ALREADY_A_MEMBER,
        TOO_MANY_MEMBERS,
        /** Too few of the voters that would be left are alive. */
        WOULD_COST_THE_QUORUM,
        /** The learner lacks too much, or is not heard from. */
        NOT_CAUGHT_UP
    }
}

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
}

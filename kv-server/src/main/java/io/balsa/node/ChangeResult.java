package io.balsa.node;

import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.balsa.raft.Proposal;
import org.jspecify.annotations.Nullable;

/** The answer to a change of membership: made, certainly not made, or unknown. */
public sealed interface ChangeResult {
    /** Committed. */
    record Changed(Membership membership, @Nullable NodeId leader, long term) implements ChangeResult {}

    /** Not made: it is not allowed, or not now. */
    record Rejected(Proposal.Rejected proposal, @Nullable NodeId leader, long term) implements ChangeResult {}

    /** Not made, now or later. */
    record NotApplied(Refusal reason, @Nullable NodeId leader, long term) implements ChangeResult {}

    /** It may have been made, or may be later. */
    record Unknown(Uncertainty reason, @Nullable NodeId leader, long term) implements ChangeResult {}
}

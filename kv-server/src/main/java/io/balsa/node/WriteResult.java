package io.balsa.node;

import io.balsa.kv.Outcome;
import io.balsa.raft.NodeId;
import org.jspecify.annotations.Nullable;

/** The answer to a write: applied, certainly not applied, or unknown. The three are never confused. */
public sealed interface WriteResult {
    /** Committed and applied at {@code index} in {@code term}; the outcome may still be a refusal by the state machine. */
    record Applied(Outcome outcome, long index, long term) implements WriteResult {}

    /** Not applied, now or later. */
    record NotApplied(Refusal reason, @Nullable NodeId leader, long term) implements WriteResult {}

    /** It may have been applied, or may be later. */
    record Unknown(Uncertainty reason, @Nullable NodeId leader, long term) implements WriteResult {}
}

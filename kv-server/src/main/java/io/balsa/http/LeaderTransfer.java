package io.balsa.http;

import io.balsa.node.Refusal;
import io.balsa.raft.NodeId;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The operators' way to move leadership to another server. Thread-safe; never blocks. */
@FunctionalInterface
public interface LeaderTransfer {
    /**
     * Hands leadership over, and calls {@code reply} once, on any thread.
     *
     * @param target null: the server that has caught up best
     */
    void transfer(@Nullable NodeId target, long timeoutMillis, Consumer<Answer> reply);

    /** What became of it. */
    sealed interface Answer {
        /** {@code leader} leads now. */
        record Done(NodeId leader, long term) implements Answer {}

        /** Not tried. */
        record Refused(Refusal reason, @Nullable NodeId leader, long term) implements Answer {}

        /** Not tried: no such server, or none that could lead; {@code reason} says why. */
        record NoTarget(String reason) implements Answer {}

        /** Tried, but no other leader was seen in time. */
        record TimedOut(@Nullable NodeId leader, long term) implements Answer {}
    }
}

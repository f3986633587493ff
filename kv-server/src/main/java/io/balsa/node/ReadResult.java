package io.balsa.node;

import io.balsa.kv.QueryResult;
import io.balsa.raft.NodeId;
import org.jspecify.annotations.Nullable;

/** The answer to a read. */
public sealed interface ReadResult {
    /**
     * Served from this server's state.
     *
     * @param consistency as asked for, but {@link Consistency#LINEARIZABLE} where no lease held
     */
    record Served(
            QueryResult result,
            Consistency consistency,
            @Nullable NodeId leader,
            long term) implements ReadResult {}

    /** Not served. */
    record Refused(Refusal reason, @Nullable NodeId leader, long term) implements ReadResult {}
}

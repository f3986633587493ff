package io.balsa.node;

import io.balsa.kv.QueryResult;
import io.balsa.raft.NodeId;
import org.jspecify.annotations.Nullable;

/** The answer to a read. */
public sealed interface ReadResult {
    /** Served from this server's state, at the consistency that was asked for. */
    record Served(QueryResult result, @Nullable NodeId leader, long term) implements ReadResult {}

    /** Not served. */
    record Refused(Refusal reason, @Nullable NodeId leader, long term) implements ReadResult {}
}

package io.balsa.http;

import io.balsa.raft.NodeId;
import java.util.function.Consumer;

/** How the leader looks at a server before it is taken in. Thread-safe; never blocks. */
@FunctionalInterface
public interface DialBack {
    /** Dials {@code address} (host and port), and calls {@code reply} once, on any thread. */
    void dial(NodeId node, String address, long timeoutMillis, Consumer<Answer> reply);

    /** What was there. */
    sealed interface Answer {
        /** The server, with an empty data directory of this id. */
        record Found(String directoryId) implements Answer {}

        /** Something else, or nothing; {@code reason} is for people. */
        record Unusable(String reason) implements Answer {}
    }
}

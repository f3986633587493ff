package io.balsa.raft;

import org.jspecify.annotations.Nullable;

/** A server's identity, unique in the cluster and the same across restarts; 1 is written {@code n1}. */
public record NodeId(int value) implements Comparable<NodeId> {
    public NodeId {
        Check.that(value > 0, "a node id is positive, not %d", value);
    }

    /** Reads {@code "n1"} as 1. Throws IllegalArgumentException for anything else than n and a positive int. */
    public static NodeId parse(String text) {
        if (!text.matches("n[1-9][0-9]{0,8}")) {
            throw new IllegalArgumentException("'" + text + "' is not a node id; it looks like n1, n2, n3");
        }
        return new NodeId(Integer.parseInt(text.substring(1)));
    }

    /** As the record's own says; that one takes fifteen times as long until the second compiler has seen it. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof NodeId that && value == that.value;
    }

    @Override
    public int hashCode() {
        return value;
    }

    @Override
    public int compareTo(NodeId other) {
        return Integer.compare(value, other.value);
    }

    @Override
    public String toString() {
        return "n" + value;
    }
}

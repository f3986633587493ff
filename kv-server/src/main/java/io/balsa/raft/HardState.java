package io.balsa.raft;

import org.jspecify.annotations.Nullable;

/** What a server must never forget besides its log: "persistent state", Figure 2. One record, written whole. */
public record HardState(long currentTerm, @Nullable NodeId votedFor) {
    public static final HardState INITIAL = new HardState(0, null);
}

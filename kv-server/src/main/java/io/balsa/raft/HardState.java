package io.balsa.raft;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a server must never forget besides its log: "persistent state", Figure 2. One record, written whole. */
public record HardState(long currentTerm, @Nullable NodeId votedFor) {
    public static final HardState INITIAL = new HardState(0, null);

    /** As the record's own says; that one makes classes when it first runs, while a cluster waits for its start. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof HardState that
                && currentTerm == that.currentTerm
                && Objects.equals(votedFor, that.votedFor);
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(currentTerm) + Objects.hashCode(votedFor);
    }
}

package io.balsa.node;

import io.balsa.kv.Query;
import io.balsa.raft.MembershipChange;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The clients' and operators' door to a server. Thread-safe; never blocks. Every call is answered exactly once, by a
 * call of {@code reply} on the Raft thread (or, when refused at once, on the caller's): it must return quickly.
 */
public interface Node {
    /**
     * Replicates a command and applies it.
     *
     * @param command as {@code CommandCodec} wrote it; not changed by anyone afterwards
     * @param timeoutMillis after which the answer is {@link WriteResult.Unknown}
     */
    void write(ByteBuffer command, long timeoutMillis, Consumer<WriteResult> reply);

    /** Serves a read, on any server; refused with {@link Refusal#TIMEOUT} after {@code timeoutMillis}. */
    void read(Query query, Consistency consistency, long timeoutMillis, Consumer<ReadResult> reply);

    /**
     * Hands leadership to {@code target}, or to the follower that is furthest when null.
     *
     * @param reply whether this server leads and there is somebody to hand over to; then it happens within an election
     *     timeout, or not at all
     */
    void transferLeadership(@Nullable NodeId target, Consumer<Boolean> reply);

    /**
     * Changes the membership, on the leader.
     *
     * @param expectedRevision of the membership that the change was made for, or {@link MembershipChange#ANY_REVISION}
     * @param timeoutMillis after which the answer is {@link ChangeResult.Unknown}
     */
    void change(MembershipChange change, long expectedRevision, long timeoutMillis, Consumer<ChangeResult> reply);

    /** At most a tick old. */
    NodeStatus status();
}

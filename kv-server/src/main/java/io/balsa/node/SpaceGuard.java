package io.balsa.node;

import io.balsa.kv.CommandCodec;
import io.balsa.kv.Query;
import io.balsa.raft.MembershipChange;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps from a leader's log what would make the state grow, while a disk has no room for it. All else passes: reads, deletes,
 * which make room, changes of the membership, and what another server must refuse or redirect anyway.
 */
public final class SpaceGuard implements Node {
    private final Node node;
    private final Room room;
    private final Observer observer;

    public SpaceGuard(Node node, Room room, Observer observer) {
        this.node = node;
        this.room = room;
        this.observer = observer;
    }

    @Override
    public void write(ByteBuffer command, long timeoutMillis, Consumer<WriteResult> reply) {
        if (room.shortage() != null && CommandCodec.grows(command)) {
            NodeStatus now = node.status();
            if (now.isLeader()) {
                observer.writeRefused(Refusal.SPACE_QUOTA);
                reply.accept(new WriteResult.NotApplied(Refusal.SPACE_QUOTA, now.leader(), now.term()));
                return;
            }
        }
        node.write(command, timeoutMillis, reply);
    }

    @Override
    public void read(Query query, Consistency consistency, long timeoutMillis, Consumer<ReadResult> reply) {
        node.read(query, consistency, timeoutMillis, reply);
    }

    @Override
    public void transferLeadership(@Nullable NodeId target, Consumer<Boolean> reply) {
        node.transferLeadership(target, reply);
    }

    @Override
    public void change(
            MembershipChange change, long expectedRevision, long timeoutMillis, Consumer<ChangeResult> reply) {
        node.change(change, expectedRevision, timeoutMillis, reply);
    }

    @Override
    public NodeStatus status() {
        return node.status();
    }
}

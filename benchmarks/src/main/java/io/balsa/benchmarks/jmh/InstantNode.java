package io.balsa.benchmarks.jmh;

import io.balsa.kv.KvStateMachine;
import io.balsa.kv.Query;
import io.balsa.node.ChangeResult;
import io.balsa.node.Consistency;
import io.balsa.node.Node;
import io.balsa.node.NodeStatus;
import io.balsa.node.ReadResult;
import io.balsa.node.Refusal;
import io.balsa.node.WriteResult;
import io.balsa.raft.Membership;
import io.balsa.raft.MembershipChange;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A server of one that applies at once on the caller's thread: what is left is the way there and back. */
final class InstantNode implements Node {
    private static final NodeId SELF = new NodeId(1);
    private static final long TERM = 1;

    private final KvStateMachine machine = new KvStateMachine(new TreeState());
    private long index;

    @Override
    public synchronized void write(ByteBuffer command, long timeoutMillis, Consumer<WriteResult> reply) {
        index++;
        reply.accept(new WriteResult.Applied(machine.apply(index, command), index, TERM));
    }

    @Override
    public synchronized void read(
            Query query, Consistency consistency, long timeoutMillis, Consumer<ReadResult> reply) {
        reply.accept(new ReadResult.Served(machine.query(query), consistency, SELF, TERM));
    }

    @Override
    public void transferLeadership(@Nullable NodeId target, Consumer<Boolean> reply) {
        reply.accept(false);
    }

    @Override
    public void change(
            MembershipChange change, long expectedRevision, long timeoutMillis, Consumer<ChangeResult> reply) {
        reply.accept(new ChangeResult.NotApplied(Refusal.BUSY, SELF, TERM));
    }

    @Override
    public synchronized NodeStatus status() {
        return new NodeStatus(
                SELF,
                "leader",
                TERM,
                SELF,
                1,
                index,
                0,
                index,
                index,
                index,
                machine.revision(),
                0,
                0,
                0,
                1,
                false,
                false,
                NodeStatus.Comparisons.NONE,
                Membership.of(SELF),
                List.of(new NodeStatus.Member(SELF, index, 0)));
    }
}

package io.balsa.http;

import io.balsa.kv.KvStateMachine;
import io.balsa.kv.MemoryState;
import io.balsa.kv.Query;
import io.balsa.node.ChangeResult;
import io.balsa.node.Consistency;
import io.balsa.node.Node;
import io.balsa.node.NodeStatus;
import io.balsa.node.ReadResult;
import io.balsa.node.Refusal;
import io.balsa.node.Uncertainty;
import io.balsa.node.WriteResult;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.MembershipChange;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A server of one: a real state machine that applies every command at once, on a thread of its own, and can be told to
 * refuse, to lose a write's outcome, or to hold its answers back.
 */
final class InProcessNode implements Node, AutoCloseable {
    static final NodeId OWN = new NodeId(1);
    static final NodeId OTHER = new NodeId(2);

    private final ExecutorService thread = Executors.newSingleThreadExecutor(daemon());
    private final KvStateMachine machine = new KvStateMachine(new MemoryState());
    private final Queue<Runnable> held = new ArrayDeque<>();

    private long index;
    private boolean holding;
    private volatile long writes;
    private long reads;
    private volatile @Nullable Thread caller;
    private volatile @Nullable Refusal refusal;
    private volatile @Nullable Uncertainty uncertainty;
    private volatile @Nullable NodeId leader = OWN;
    private volatile boolean broken;
    private volatile boolean holdsLease;
    private volatile long revision;
    private volatile Membership membership = new Membership(
            57,
            "contract",
            List.of(
                    new Member(OWN, Member.Standing.VOTER, "d1", "127.0.0.1:9081"),
                    new Member(OTHER, Member.Standing.VOTER, "d2", "127.0.0.1:9082"),
                    new Member(new NodeId(3), Member.Standing.VOTER, "d3", "127.0.0.1:9083")));
    private volatile BiFunction<MembershipChange, Long, ChangeResult> changeResult =
            (change, expected) -> new ChangeResult.Changed(membership, leader, 7);

    private static ThreadFactory daemon() {
        return task -> {
            Thread thread = new Thread(task, "in-process-node");
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Back to normal: this server leads and answers. */
    void heal() {
        refusal = null;
        uncertainty = null;
        leader = OWN;
        broken = false;
        holdsLease = false;
        changeResult = (change, expected) -> new ChangeResult.Changed(membership, leader, 7);
    }

    void refuse(Refusal reason, @Nullable NodeId newLeader) {
        refusal = reason;
        leader = newLeader;
    }

    /** Writes are applied, but their outcome does not reach the client. */
    void loseOutcomes(Uncertainty reason) {
        uncertainty = reason;
    }

    /** The next changes of membership are answered by this. */
    void answerChanges(BiFunction<MembershipChange, Long, ChangeResult> answer) {
        changeResult = answer;
    }

    Membership membership() {
        return membership;
    }

    /** Calls fail with an exception that is a bug. */
    void breakDown() {
        broken = true;
    }

    /** From now on reads by lease find one. */
    void takeLease() {
        holdsLease = true;
    }

    /** Answers wait until {@link #release}. */
    void hold() {
        run(() -> holding = true);
    }

    void release() {
        run(() -> {
            holding = false;
            while (!held.isEmpty()) {
                held.remove().run();
            }
        });
    }

    /** The thread of the last call. */
    @Nullable
    Thread caller() {
        return caller;
    }

    /** How many commands were handed to this node. */
    long writes() {
        run(() -> {});
        return writes;
    }

    /** How many queries were handed to this node. */
    long reads() {
        run(() -> {});
        return reads;
    }

    private void run(Runnable task) {
        try {
            thread.submit(task).get();
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    @Override
    public void write(ByteBuffer command, long timeoutMillis, Consumer<WriteResult> reply) {
        caller = Thread.currentThread();
        if (broken) {
            throw new IllegalStateException("the node is broken, as the test asked");
        }
        thread.execute(() -> {
            WriteResult result = written(command);
            answer(() -> reply.accept(result));
        });
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread writes.
    private WriteResult written(ByteBuffer command) {
        writes++;
        Refusal reason = refusal;
        if (reason != null) {
            return new WriteResult.NotApplied(reason, leader, 7);
        }
        index++;
        var outcome = machine.apply(index, command);
        revision = machine.revision();
        Uncertainty lost = uncertainty;
        return lost != null ? new WriteResult.Unknown(lost, leader, 7) : new WriteResult.Applied(outcome, index, 7);
    }

    @Override
    public void read(Query query, Consistency consistency, long timeoutMillis, Consumer<ReadResult> reply) {
        caller = Thread.currentThread();
        if (broken) {
            throw new IllegalStateException("the node is broken, as the test asked");
        }
        thread.execute(() -> {
            reads++;
            Refusal reason = refusal;
            boolean byLease = consistency == Consistency.LEASE && holdsLease;
            Consistency served = consistency == Consistency.STALE || byLease ? consistency : Consistency.LINEARIZABLE;
            ReadResult result = reason != null && consistency != Consistency.STALE
                    ? new ReadResult.Refused(reason, leader, 7)
                    : new ReadResult.Served(machine.query(query), served, leader, 7);
            answer(() -> reply.accept(result));
        });
    }

    private void answer(Runnable answer) {
        if (holding) {
            held.add(answer);
        } else {
            answer.run();
        }
    }

    /** The API's transfers go through its own port. */
    @Override
    public void transferLeadership(@Nullable NodeId target, Consumer<Boolean> reply) {
        reply.accept(false);
    }

    @Override
    public void change(
            MembershipChange change, long expectedRevision, long timeoutMillis, Consumer<ChangeResult> reply) {
        if (broken) {
            throw new IllegalStateException("the node is broken, as the test asked");
        }
        Refusal reason = refusal;
        ChangeResult result = reason != null
                ? new ChangeResult.NotApplied(reason, leader, 7)
                : changeResult.apply(change, expectedRevision);
        thread.execute(() -> reply.accept(result));
    }

    @Override
    public NodeStatus status() {
        NodeId leads = leader;
        boolean own = OWN.equals(leads);
        List<NodeStatus.Member> members = new ArrayList<>();
        members.add(new NodeStatus.Member(OWN, own ? 12 : 0, own ? 0 : -1));
        members.add(new NodeStatus.Member(OTHER, own ? 10 : 0, own ? 3 : -1));
        members.add(new NodeStatus.Member(new NodeId(3), own ? 9 : 0, own ? 40 : -1));
        return new NodeStatus(
                OWN,
                own ? "leader" : "follower",
                7,
                leads,
                1,
                12,
                0,
                12,
                12,
                12,
                revision,
                0,
                0,
                0,
                1,
                holdsLease,
                own && holdsLease,
                NodeStatus.Comparisons.NONE,
                membership,
                List.copyOf(members));
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}

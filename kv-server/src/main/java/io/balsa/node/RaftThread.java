package io.balsa.node;

import io.balsa.kv.Query;
import io.balsa.raft.Envelope;
import io.balsa.raft.Membership;
import io.balsa.raft.MembershipChange;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import io.balsa.raft.SnapshotChunk;
import io.balsa.raft.TransferId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The only thread that touches Raft and the state: turns its {@link RaftLoop} whenever something came in, and at each
 * tick. Everything else reaches it through its bounded inbox. When the loop fails, by a broken invariant or a failed
 * disk, nothing it holds may be trusted any more: no turn follows, and {@code onFailure} is told, which halts the process.
 */
public final class RaftThread implements Node, Snapshots.Outcomes {
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(Timeouts.TICK_MILLIS);

    private final RaftLoop loop;
    private final ScheduledExecutorService thread;
    private final Inbox inbox;
    private final Consumer<Throwable> onFailure;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile NodeStatus status;
    private volatile long lastTurnNanos = System.nanoTime();

    // Of the thread.
    private long nextTick;
    private boolean more;
    private boolean over;

    /**
     * Not started yet.
     *
     * @param thread a single one, which may have other work that never blocks
     * @param requestsMax clients' requests that wait for a turn; more are refused as busy
     * @param messagesMax batches of messages from other servers that wait for a turn; more are dropped
     */
    public RaftThread(
            RaftLoop loop,
            ScheduledExecutorService thread,
            int requestsMax,
            int messagesMax,
            Consumer<Throwable> onFailure) {
        this.loop = loop;
        this.thread = thread;
        this.inbox = new Inbox(requestsMax, messagesMax, () -> thread.execute(this::turnIfAnything));
        this.onFailure = onFailure;
        this.status = loop.status();
    }

    public void start() {
        thread.execute(() -> {
            Thread.currentThread().setName("raft");
            nextTick = System.nanoTime() + TICK_NANOS;
            scheduleTick();
        });
    }

    private void scheduleTick() {
        ScheduledFuture<?> unused = thread.schedule(this::tick, nextTick - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    private void tick() {
        List<Input> inputs = new ArrayList<>(inbox.take());
        inputs.add(RaftLoop::tick);
        turn(inputs, true);
        if (!over) {
            // One late tick after a pause, not a hundred.
            nextTick = Math.max(nextTick + TICK_NANOS, System.nanoTime());
            scheduleTick();
        }
    }

    private void turnIfAnything() {
        List<Input> inputs = inbox.take();
        if (more || !inputs.isEmpty()) {
            turn(inputs, false);
        } else { // A tick has taken them.
            inbox.turned(loop.settledIndex());
        }
    }

    /** The executor would only log what this throws. */
    private void turn(List<Input> inputs, boolean tick) {
        if (over) {
            return;
        }
        try {
            more = loop.turn(inputs);
            lastTurnNanos = System.nanoTime();
            if (tick) {
                status = loop.status();
            }
            inbox.turned(loop.settledIndex());
            if (more) {
                // Not executed at once: the thread looks at its sockets first.
                ScheduledFuture<?> unused = thread.schedule(this::turnIfAnything, 0, TimeUnit.NANOSECONDS);
            }
        } catch (DamagedStoreException damaged) {
            end();
            loop.stop(); // The process goes on: nobody shall wait for an answer.
            onFailure.accept(damaged);
        } catch (Throwable failure) { // A broken invariant is an Error, and must halt the server too.
            end();
            onFailure.accept(failure);
        }
    }

    private void end() {
        over = true;
        ended.countDown();
    }

    /** Answers everything that waits as stopped, and ends. Waits for the end, bounded by the turn under way. */
    public void close() throws InterruptedException {
        inbox.close();
        thread.execute(() -> {
            if (!over) {
                try {
                    loop.stop();
                    status = loop.status();
                } finally {
                    end();
                }
            }
        });
        ended.await();
        for (Input left : inbox.take()) {
            left.giveTo(loop); // Which refuses.
        }
    }

    @Override
    public void write(ByteBuffer command, long timeoutMillis, Consumer<WriteResult> reply) {
        int ticks = ticks(timeoutMillis);
        Refusal refusal = inbox.request(loop -> loop.write(command, ticks, reply));
        if (refusal != null) {
            NodeStatus now = status;
            reply.accept(new WriteResult.NotApplied(refusal, now.leader(), now.term()));
        }
    }

    @Override
    public void read(Query query, Consistency consistency, long timeoutMillis, Consumer<ReadResult> reply) {
        int ticks = ticks(timeoutMillis);
        Refusal refusal = inbox.request(loop -> loop.read(query, consistency, ticks, reply));
        if (refusal != null) {
            NodeStatus now = status;
            reply.accept(new ReadResult.Refused(refusal, now.leader(), now.term()));
        }
    }

    @Override
    public void transferLeadership(@Nullable NodeId target, Consumer<Boolean> reply) {
        Refusal refusal = inbox.request(loop -> reply.accept(loop.transferLeadership(target)));
        if (refusal != null) {
            reply.accept(false);
        }
    }

    @Override
    public void change(
            MembershipChange change, long expectedRevision, long timeoutMillis, Consumer<ChangeResult> reply) {
        int ticks = ticks(timeoutMillis);
        Refusal refusal = inbox.request(loop -> loop.change(change, expectedRevision, ticks, reply));
        if (refusal != null) {
            NodeStatus now = status;
            reply.accept(new ChangeResult.NotApplied(refusal, now.leader(), now.term()));
        }
    }

    /** The cluster's first membership, for a server that waits for it. */
    public void form(Membership first) {
        inbox.message(loop -> loop.form(first));
    }

    /** Messages of other servers; dropped when too many wait. */
    public boolean receive(List<Envelope> envelopes) {
        Input input = loop -> loop.receive(envelopes);
        if (envelopes.size() == 1
                && envelopes.get(0).message() instanceof Message.AppendEntriesReply reply
                && reply.success()) {
            return inbox.acknowledgement(input, reply.matchIndex());
        }
        return inbox.message(input);
    }

    /** A peer's process closed its connection. */
    public void connectionClosed(NodeId peer) {
        inbox.message(loop -> loop.connectionClosed(peer));
    }

    @Override
    public void read(SnapshotChunk chunk) {
        inbox.report(loop -> loop.snapshotRead(chunk));
    }

    @Override
    public void readFailed(TransferId transfer) {
        inbox.report(loop -> loop.snapshotReadFailed(transfer));
    }

    @Override
    public void stored(TransferId transfer, long offset, boolean whole) {
        inbox.report(loop -> loop.snapshotStored(transfer, offset, whole));
    }

    @Override
    public void refused(TransferId transfer) {
        inbox.report(loop -> loop.snapshotRefused(transfer));
    }

    @Override
    public NodeStatus status() {
        return status;
    }

    /** How long ago the last turn ended; grows when the disk hangs. */
    public long lastTurnAgeMillis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastTurnNanos);
    }

    private static int ticks(long millis) {
        return (int) Math.min(Integer.MAX_VALUE, Math.max(1, millis / Timeouts.TICK_MILLIS));
    }
}

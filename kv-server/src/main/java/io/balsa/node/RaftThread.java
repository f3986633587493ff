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
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The only thread that touches Raft and the state: turns its {@link RaftLoop} whenever something came in, and at each
 * tick. Everything else reaches it through its bounded inbox. When the loop fails, by a broken invariant or a failed
 * disk, nothing it holds may be trusted any more: the thread ends and tells {@code onFailure}, which halts the process.
 */
public final class RaftThread implements Node, Snapshots.Outcomes {
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(Timeouts.TICK_MILLIS);

    private static final long NOTHING_SETTLED = -1;

    private final RaftLoop loop;
    private final Inbox inbox;
    private final Consumer<Throwable> onFailure;
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean stopping;
    private volatile NodeStatus status;
    private volatile long lastTurnNanos = System.nanoTime();

    /**
     * Not started yet.
     *
     * @param requestsMax clients' requests that wait for a turn; more are refused as busy
     * @param messagesMax batches of messages from other servers that wait for a turn; more are dropped
     */
    public RaftThread(RaftLoop loop, int requestsMax, int messagesMax, Consumer<Throwable> onFailure) {
        this.loop = loop;
        this.inbox = new Inbox(requestsMax, messagesMax);
        this.onFailure = onFailure;
        this.status = loop.status();
        this.thread = new Thread(this::run, "raft");
    }

    public void start() {
        thread.start();
    }

    private void run() {
        try {
            turnUntilClosed();
            loop.stop();
        } catch (InterruptedException interrupted) {
            loop.stop();
        } catch (DamagedStoreException damaged) {
            loop.stop(); // The process goes on: nobody shall wait for an answer.
            onFailure.accept(damaged);
        } catch (Throwable failure) { // A broken invariant is an Error, and must halt the server too.
            onFailure.accept(failure);
        } finally {
            ended.countDown();
        }
    }

    private void turnUntilClosed() throws InterruptedException {
        long nextTick = System.nanoTime() + TICK_NANOS;
        boolean more = false;
        while (!stopping) {
            List<Input> inputs = inbox.take(more ? 0 : nextTick - System.nanoTime(), loop.settledIndex());
            long now = System.nanoTime();
            boolean tick = now >= nextTick;
            if (tick) {
                inputs = new ArrayList<>(inputs);
                inputs.add(RaftLoop::tick);
                nextTick = Math.max(nextTick + TICK_NANOS, now); // One late tick after a pause, not a hundred.
            }
            if (inputs.isEmpty() && !more) {
                continue;
            }
            more = loop.turn(inputs);
            lastTurnNanos = System.nanoTime();
            if (tick) {
                status = loop.status();
            }
        }
        status = loop.status();
    }

    /** Answers everything that waits as stopped, and ends. Waits for the end, bounded by the turn under way. */
    public void close() throws InterruptedException {
        stopping = true;
        inbox.close();
        ended.await();
        for (Input left : inbox.take(0, NOTHING_SETTLED)) {
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

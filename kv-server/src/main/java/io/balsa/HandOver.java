package io.balsa;

import io.balsa.http.LeaderTransfer;
import io.balsa.node.NodeStatus;
import io.balsa.node.RaftThread;
import io.balsa.node.Refusal;
import io.balsa.raft.NodeId;
import io.vertx.core.Vertx;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Moves leadership to another server and watches until it has arrived: for operators, and before a shutdown. */
final class HandOver implements LeaderTransfer {
    private static final long WATCH_MILLIS = 10;

    private final Vertx vertx;
    private final RaftThread node;

    HandOver(Vertx vertx, RaftThread node) {
        this.vertx = vertx;
        this.node = node;
    }

    @Override
    public void transfer(@Nullable NodeId target, long timeoutMillis, Consumer<Answer> reply) {
        NodeStatus before = node.status();
        if (!before.isLeader()) {
            Refusal reason = before.leader() == null ? Refusal.NO_LEADER : Refusal.NOT_LEADER;
            reply.accept(new Answer.Refused(reason, before.leader(), before.term()));
        } else if (before.id().equals(target)) {
            reply.accept(new Answer.Done(before.id(), before.term()));
        } else if (target != null && !before.membership().isVoter(target)) {
            reply.accept(new Answer.NoTarget(target + " is not a voter of this cluster"));
        } else {
            node.transferLeadership(target, begun -> {
                if (begun) {
                    watch(before, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis), reply);
                } else {
                    reply.accept(new Answer.NoTarget("no other server has been heard from"));
                }
            });
        }
    }

    private void watch(NodeStatus before, long deadlineNanos, Consumer<Answer> reply) {
        vertx.setTimer(WATCH_MILLIS, fired -> {
            NodeStatus now = node.status();
            NodeId leader = now.leader();
            if (now.term() > before.term() && leader != null) {
                reply.accept(new Answer.Done(leader, now.term()));
            } else if (System.nanoTime() - deadlineNanos >= 0) {
                reply.accept(new Answer.TimedOut(leader, now.term()));
            } else {
                watch(before, deadlineNanos, reply);
            }
        });
    }

    /** Hands leadership to whoever is furthest and waits until that one leads, but no longer than {@code millisMax}. */
    static void beforeShutdown(RaftThread node, long millisMax) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millisMax);
        if (!node.status().isLeader()) {
            return;
        }
        CompletableFuture<Boolean> begun = new CompletableFuture<>();
        node.transferLeadership(null, begun::complete);
        boolean handingOver =
                begun.completeOnTimeout(false, millisMax, TimeUnit.MILLISECONDS).join();
        while (handingOver
                && System.nanoTime() - deadline < 0
                && (node.status().isLeader() || node.status().leader() == null)) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(WATCH_MILLIS));
        }
    }
}

package io.balsa.node;

import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import io.balsa.raft.NodeId;
import io.balsa.raft.Raft;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The linearizable reads on their way. Those by lease have their read index at once while the lease holds; all other reads of a
 * turn share one request for it. When its answer is late
 * or its leader is gone, it is asked for again, with an id that was never used before. The answer to any of the attempts
 * will do, since the reads came in before the first one: were only the last one's accepted, a network or a disk that is
 * slower than the retries would leave every read without an answer. Owned by the Raft thread.
 */
final class WaitingReads {
    private record Read(Query query, long startedAtNanos, long deadlineTick, Consumer<ReadResult> reply) {}

    private static final class Batch {
        final List<Read> reads;
        final Consistency consistency;
        final List<Long> ids = new ArrayList<>(1);
        long askedTick;
        long readIndex = -1;

        Batch(List<Read> reads, Consistency consistency) {
            this.reads = reads;
            this.consistency = consistency;
        }

        boolean confirmed() {
            return readIndex >= 0;
        }
    }

    private final Raft raft;
    private final Function<Query, QueryResult> state;
    private final Observer observer;
    private final int retryTicks;
    private final List<Batch> batches = new ArrayList<>();
    private List<Read> incoming = new ArrayList<>();
    private List<Read> incomingByLease = new ArrayList<>();
    private long nextId;

    /**
     * @param state answers what is asked
     * @param firstId such that no later start of this server uses the ids from there on
     */
    WaitingReads(Raft raft, Function<Query, QueryResult> state, Observer observer, int retryTicks, long firstId) {
        this.raft = raft;
        this.state = state;
        this.observer = observer;
        this.retryTicks = retryTicks;
        this.nextId = firstId;
    }

    int size() {
        int size = incoming.size() + incomingByLease.size();
        for (Batch batch : batches) {
            size += batch.reads.size();
        }
        return size;
    }

    void add(Query query, Consistency consistency, long nowNanos, long deadlineTick, Consumer<ReadResult> reply) {
        List<Read> reads = consistency == Consistency.LEASE ? incomingByLease : incoming;
        reads.add(new Read(query, nowNanos, deadlineTick, reply));
    }

    /** Asks for the read index of what came in, and again for what was not answered. Once a turn, before takeReady. */
    void ask(long tick, boolean leaderFound) {
        for (Batch batch : batches) {
            if (!batch.confirmed() && (leaderFound || tick - batch.askedTick >= retryTicks)) {
                ask(batch, tick);
            }
        }
        readByLease();
        if (!incoming.isEmpty()) {
            Batch batch = new Batch(incoming, Consistency.LINEARIZABLE);
            incoming = new ArrayList<>();
            batches.add(batch);
            ask(batch, tick);
        }
    }

    private void readByLease() {
        if (incomingByLease.isEmpty()) {
            return;
        }
        long readIndex = raft.leases().readIndex();
        if (readIndex < 0) {
            incoming.addAll(incomingByLease);
        } else {
            Batch batch = new Batch(incomingByLease, Consistency.LEASE);
            batch.readIndex = readIndex;
            batches.add(batch);
        }
        incomingByLease = new ArrayList<>();
    }

    private void ask(Batch batch, long tick) {
        long id = nextId++;
        batch.ids.add(id);
        batch.askedTick = tick;
        raft.readIndex(id); // Without a leader nothing comes of it, and it is asked again.
    }

    void confirmed(long id, long readIndex) {
        for (Batch batch : batches) {
            if (!batch.confirmed() && batch.ids.contains(id)) {
                batch.readIndex = readIndex;
            }
        }
    }

    /** Serves what is confirmed and applied. */
    void serve(long lastApplied, long nowNanos) {
        Iterator<Batch> iterator = batches.iterator();
        while (iterator.hasNext()) {
            Batch batch = iterator.next();
            if (batch.confirmed() && batch.readIndex <= lastApplied) {
                iterator.remove();
                for (Read read : batch.reads) {
                    observer.readServed(batch.consistency, nowNanos - read.startedAtNanos());
                    read.reply()
                            .accept(new ReadResult.Served(
                                    state.apply(read.query()), batch.consistency, raft.leader(), raft.currentTerm()));
                }
            }
        }
    }

    void expire(long tick) {
        refuse(read -> read.deadlineTick() <= tick, raft.leader() == null ? Refusal.NO_LEADER : Refusal.TIMEOUT);
    }

    void stop() {
        incoming.addAll(incomingByLease);
        incomingByLease = new ArrayList<>();
        batches.add(new Batch(incoming, Consistency.LINEARIZABLE));
        incoming = new ArrayList<>();
        refuse(read -> true, Refusal.STOPPING);
    }

    private void refuse(Predicate<Read> which, Refusal reason) {
        @Nullable NodeId leader = raft.leader();
        for (Batch batch : batches) {
            batch.reads.removeIf(read -> {
                if (!which.test(read)) {
                    return false;
                }
                observer.readRefused(reason);
                read.reply().accept(new ReadResult.Refused(reason, leader, raft.currentTerm()));
                return true;
            });
        }
        batches.removeIf(batch -> batch.reads.isEmpty());
    }
}

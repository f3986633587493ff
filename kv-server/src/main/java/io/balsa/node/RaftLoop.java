package io.balsa.node;

import io.balsa.kv.KvStateMachine;
import io.balsa.kv.Outcome;
import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import io.balsa.raft.Divergence;
import io.balsa.raft.Envelope;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.MembershipChange;
import io.balsa.raft.MembershipCodec;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import io.balsa.raft.Proposal;
import io.balsa.raft.Raft;
import io.balsa.raft.Ready;
import io.balsa.raft.SnapshotChunk;
import io.balsa.raft.SnapshotTask;
import io.balsa.raft.TransferId;
import io.balsa.raft.Transition;
import io.balsa.raft.Vote;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs the core against a network, a disk and clients, one turn at a time, on the one thread that owns it. What queued
 * up during one turn's commit is the next turn's batch. Nothing else in a server touches the core or the state.
 */
public final class RaftLoop {
    private static final int EXPIRE_TICKS = 5;

    /** What one turn applies at most, so that a server that catches up goes on with its heartbeats. */
    private static final long APPLY_BYTES_MAX = 4 << 20;

    private final Raft raft;
    private final KvStateMachine stateMachine;
    private final Storage storage;
    private final Snapshots snapshots;
    private final Compaction compaction;
    private final Transport transport;
    private final Observer observer;
    private final LongSupplier nanoClock;
    private final int leaderChangeTicks;
    private final PendingWrites writes;
    private final WaitingReads reads;
    private long tick;
    private boolean stopped;
    private boolean wasLeader;
    private @Nullable NodeId lastLeader;
    private long leaderChanges;
    private @Nullable NodeId leaderBefore;
    private boolean leaderFound;
    private boolean heardFromLeader;
    private Membership membership = Membership.NONE;

    /**
     * A loop around a core that has just been started.
     *
     * @param firstReadId a random number, new at each start
     * @param nanoClock monotonic; goes on while the process is stopped
     */
    public RaftLoop(
            Raft raft,
            KvStateMachine stateMachine,
            Storage storage,
            Snapshots snapshots,
            Compaction compaction,
            Transport transport,
            Observer observer,
            LongSupplier nanoClock,
            Timeouts timeouts,
            long firstReadId) {
        this.raft = raft;
        this.stateMachine = stateMachine;
        this.storage = storage;
        this.snapshots = snapshots;
        this.compaction = compaction;
        this.transport = transport;
        this.observer = observer;
        this.nanoClock = nanoClock;
        // Long enough for a new leader to commit, or to overwrite, what this one left behind.
        this.leaderChangeTicks = 2 * timeouts.electionMillisMax() / Timeouts.TICK_MILLIS;
        this.writes = new PendingWrites(observer);
        this.reads = new WaitingReads(
                raft,
                stateMachine::query,
                observer,
                2 * timeouts.heartbeatMillis() / Timeouts.TICK_MILLIS,
                firstReadId);
        raft.digests().applied(stateMachine.lastApplied(), stateMachine.stateHash());
    }

    /**
     * Takes in all that happened during the last turn, then does once what follows from all of it.
     *
     * @return whether there is more to do already, so that the next turn should not wait for inputs
     */
    public boolean turn(List<Input> inputs) {
        long startedAt = nanoClock.getAsLong();
        heardFromLeader = false;
        raft.leases().now(startedAt);
        for (Input input : inputs) {
            input.giveTo(this);
        }
        reads.ask(tick, leaderFound);
        noticeMembership();
        Ready ready = raft.takeReady(stateMachine.hasRoom() ? APPLY_BYTES_MAX : 0);
        noticeDivergence();
        transport.send(ready.messages());
        install(ready.snapshot());
        // Who waits comes first: clients of this server for what is applied, else the leader for what is written.
        boolean appliesFirst = raft.isLeader() || reads.size() > 0;
        if (appliesFirst) {
            applyAndServe(ready);
        }
        write(ready);
        transport.send(ready.promises());
        raft.written();
        if (!appliesFirst) {
            applyAndServe(ready);
        }
        startAndTell(ready);
        noticeLeader();
        observer.turn(nanoClock.getAsLong() - startedAt, inputs.size());
        return raft.hasReady(stateMachine.hasRoom()) || (leaderFound && reads.size() > 0);
    }

    private void startAndTell(Ready ready) {
        for (SnapshotTask task : ready.snapshotTasks()) {
            snapshots.start(task);
        }
        for (Transition transition : ready.transitions()) {
            observer.transition(transition);
        }
        for (Vote vote : ready.votes()) {
            observer.vote(vote);
        }
    }

    /** First the state, whole or not at all, then the log: between the two {@link Storage#finishInstall} goes on from here. */
    private void install(Ready.@Nullable Snapshot snapshot) {
        if (snapshot == null) {
            return;
        }
        long startedAt = nanoClock.getAsLong();
        snapshots.install(snapshot.transfer(), snapshot.lastIncluded());
        storage.reset(snapshot.lastIncluded());
        stateMachine.reload();
        raft.digests().replaced(snapshot.lastIncluded().index(), stateMachine.stateHash());
        KvStateMachine.RecordedMembership recorded = stateMachine.membership();
        raft.snapshotResults()
                .installed(
                        snapshot.lastIncluded(),
                        recorded == null ? null : MembershipCodec.decode(recorded.index(), recorded.command()));
        writes.skipped(snapshot.lastIncluded().index(), raft.leader(), raft.currentTerm());
        observer.snapshotInstalled(snapshot.lastIncluded(), nanoClock.getAsLong() - startedAt);
    }

    private void compact() {
        long anchorIndex = storage.anchor().index();
        long through = compaction.through(
                tick,
                new Compaction.Log(
                        anchorIndex,
                        storage.last().index(),
                        storage.entryBytes(),
                        stateMachine.stateBytes(),
                        stateMachine.durableIndex(),
                        raft.neededIndex()));
        if (through > anchorIndex) {
            storage.truncateBefore(through + 1);
        }
    }

    private void applyAndServe(Ready ready) {
        for (LogEntry entry : ready.committed()) {
            Outcome outcome = apply(entry);
            raft.digests().applied(entry.index(), stateMachine.stateHash());
            if (outcome == null) {
                writes.overtaken(entry.id(), raft.leader());
            } else {
                writes.applied(entry.id(), outcome, nanoClock.getAsLong(), raft.leader());
            }
        }
        for (Ready.ReadState read : ready.reads()) {
            reads.confirmed(read.id(), read.readIndex());
        }
        reads.serve(stateMachine.lastApplied(), nanoClock.getAsLong());
    }

    /** Null: a no-op. */
    private @Nullable Outcome apply(LogEntry entry) {
        if (entry.isNoOp()) {
            stateMachine.applyNoOp(entry.index());
            return null;
        }
        return entry.kind() == LogEntry.Kind.MEMBERSHIP
                ? stateMachine.applyMembership(entry.index(), entry.command())
                : stateMachine.apply(entry.index(), entry.command());
    }

    private void write(Ready ready) {
        if (ready.hardState() == null && ready.entries().isEmpty()) {
            return;
        }
        long startedAt = nanoClock.getAsLong();
        storage.write(ready.hardState(), ready.entries());
        observer.committed(nanoClock.getAsLong() - startedAt);
    }

    /** Before anything is sent, or answered from a state that is wrong. */
    private void noticeDivergence() {
        for (Divergence found : raft.digests().takeFound()) {
            observer.statesDiffer(found);
        }
        Divergence own = raft.digests().own();
        if (own != null) {
            throw new DamagedStoreException(
                    "this server's state is not what a majority of the voters has made of the same "
                            + "entries: " + own + ", says " + raft.leader() + " in term " + raft.currentTerm()
                            + ".");
        }
    }

    private void noticeLeader() {
        if (wasLeader && !raft.isLeader()) {
            writes.leadershipLost(tick + leaderChangeTicks);
        }
        wasLeader = raft.isLeader();
        NodeId leader = raft.leader();
        leaderFound = leader != null && !leader.equals(leaderBefore);
        leaderBefore = leader;
        if (leader != null && !leader.equals(lastLeader)) {
            lastLeader = leader;
            leaderChanges++;
        }
    }

    private void noticeMembership() {
        Membership now = raft.membership();
        if (!now.equals(membership)) {
            membership = now;
            transport.membership(now);
            observer.membership(now);
        }
    }

    // Inputs.

    public void tick() {
        tick++;
        raft.tick();
        if (tick % EXPIRE_TICKS == 0) {
            writes.expire(tick, raft.leader(), raft.currentTerm());
            reads.expire(tick);
            compact();
        }
    }

    /** See {@link io.balsa.raft.SnapshotResults#read}. */
    public void snapshotRead(SnapshotChunk chunk) {
        raft.snapshotResults().read(chunk);
    }

    /** See {@link io.balsa.raft.SnapshotResults#readFailed}. */
    public void snapshotReadFailed(TransferId transfer) {
        raft.snapshotResults().readFailed(transfer);
    }

    /** See {@link io.balsa.raft.SnapshotResults#stored}. */
    public void snapshotStored(TransferId transfer, long offset, boolean whole) {
        raft.snapshotResults().stored(transfer, offset, whole);
    }

    /** See {@link io.balsa.raft.SnapshotResults#refused}. */
    public void snapshotRefused(TransferId transfer) {
        raft.snapshotResults().refused(transfer);
    }

    public void receive(List<Envelope> envelopes) {
        for (Envelope envelope : envelopes) {
            raft.step(envelope);
            if (!heardFromLeader && isFromLeader(envelope)) {
                heardFromLeader = true;
                observer.heardFromLeader();
            }
        }
    }

    private boolean isFromLeader(Envelope envelope) {
        return envelope.message() instanceof Message.AppendEntries request
                && request.term() == raft.currentTerm()
                && envelope.from().equals(raft.leader());
    }

    public void connectionClosed(NodeId peer) {
        raft.connectionClosed(peer);
    }

    /** Proposes a command; see {@link Node#write}. */
    public void write(ByteBuffer command, int timeoutTicks, Consumer<WriteResult> reply) {
        if (stopped) {
            refuse(Refusal.STOPPING, reply);
            return;
        }
        Proposal proposal = raft.propose(command);
        if (proposal instanceof Proposal.Accepted accepted) {
            writes.add(accepted.id(), nanoClock.getAsLong(), tick + timeoutTicks, reply);
        } else {
            refuse(refusal(proposal), reply);
        }
    }

    /** Changes the membership; see {@link Node#change}. */
    public void change(MembershipChange change, long expectedRevision, int timeoutTicks, Consumer<ChangeResult> reply) {
        Proposal proposal = stopped ? null : raft.changeMembership(change, expectedRevision);
        if (proposal instanceof Proposal.Accepted accepted) {
            writes.add(
                    accepted.id(),
                    nanoClock.getAsLong(),
                    tick + timeoutTicks,
                    result -> reply.accept(changeResult(result)));
        } else if (proposal instanceof Proposal.Rejected rejected) {
            reply.accept(new ChangeResult.Rejected(rejected, raft.leader(), raft.currentTerm()));
        } else {
            Refusal reason = proposal == null ? Refusal.STOPPING : refusal(proposal);
            reply.accept(new ChangeResult.NotApplied(reason, raft.leader(), raft.currentTerm()));
        }
    }

    private ChangeResult changeResult(WriteResult result) {
        if (result instanceof WriteResult.NotApplied refused) {
            return new ChangeResult.NotApplied(refused.reason(), refused.leader(), refused.term());
        }
        if (result instanceof WriteResult.Unknown unknown) {
            return new ChangeResult.Unknown(unknown.reason(), unknown.leader(), unknown.term());
        }
        return new ChangeResult.Changed(raft.membership(), raft.leader(), raft.currentTerm());
    }

    /** See {@link Raft#form}. */
    public void form(Membership first) {
        raft.form(first);
    }

    private void refuse(Refusal reason, Consumer<WriteResult> reply) {
        observer.writeRefused(reason);
        reply.accept(new WriteResult.NotApplied(reason, raft.leader(), raft.currentTerm()));
    }

    private static Refusal refusal(Proposal proposal) {
        if (proposal instanceof Proposal.NotLeader notLeader) {
            return notLeader.leader() == null ? Refusal.NO_LEADER : Refusal.NOT_LEADER;
        }
        return proposal instanceof Proposal.Transferring ? Refusal.TRANSFERRING : Refusal.BUSY;
    }

    /** Serves a read; see {@link Node#read}. */
    public void read(Query query, Consistency consistency, int timeoutTicks, Consumer<ReadResult> reply) {
        if (stopped) {
            reply.accept(new ReadResult.Refused(Refusal.STOPPING, raft.leader(), raft.currentTerm()));
        } else if (consistency != Consistency.STALE) {
            reads.add(query, consistency, nanoClock.getAsLong(), tick + timeoutTicks, reply);
        } else {
            QueryResult result = stateMachine.query(query);
            observer.readServed(consistency, 0);
            reply.accept(new ReadResult.Served(result, consistency, raft.leader(), raft.currentTerm()));
        }
    }

    /** See {@link Raft#settledIndex}. */
    long settledIndex() {
        return raft.settledIndex();
    }

    public boolean transferLeadership(@Nullable NodeId target) {
        return raft.transferLeadership(target);
    }

    /** Answers everything that still waits, and refuses what comes. No turn may follow. */
    public void stop() {
        stopped = true;
        writes.stop(raft.currentTerm());
        reads.stop();
    }

    /** The server as it is now. */
    public NodeStatus status() {
        List<NodeStatus.Member> members = new ArrayList<>();
        for (Member member : raft.membership().members()) {
            long sinceContactMillis = raft.isLeader() ? raft.ticksSinceContact(member.id()) * Timeouts.TICK_MILLIS : -1;
            members.add(new NodeStatus.Member(member.id(), raft.matchIndexOf(member.id()), sinceContactMillis));
        }
        return new NodeStatus(
                raft.self(),
                raft.role(),
                raft.currentTerm(),
                raft.leader(),
                raft.anchor().index() + 1,
                raft.lastLog().index(),
                storage.entryBytes(),
                stateMachine.durableIndex(),
                raft.commitIndex(),
                stateMachine.lastApplied(),
                stateMachine.revision(),
                writes.size(),
                reads.size(),
                raft.unappliedBytes(),
                leaderChanges,
                raft.leases().isOn(),
                raft.leases().readIndex() >= 0,
                new NodeStatus.Comparisons(
                        raft.digests().equalIndex(),
                        raft.digests().comparisons(),
                        raft.digests().differences()),
                raft.membership(),
                List.copyOf(members));
    }
}

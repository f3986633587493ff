package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import io.balsa.raft.Raft;
import io.balsa.raft.RaftConfig;
import io.balsa.raft.Transition;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The five properties of Figure 3 and what Balsa promises beyond them, checked where they could break: at every message,
 * write, commit and turn of every server, over the whole history. Each looks only at what is new since the last check.
 */
final class Invariants implements Checks {
    private static final int EVENTS_PENDING_MAX = 20_000;
    private static final int SPOT_EVERY_TURNS = 8;

    /** What was seen of one process last. */
    private static final class Seen {
        long commitIndex;
        Membership membership = Membership.NONE;
        long currentTerm;
        long leaderTerm;
        EntryId leaderLast = EntryId.NONE;
        long revision;
        long spotIndex;
        long turns;
    }

    /** What a leader has sent to a follower since it last heard from it. */
    private static final class Unanswered {
        long term;
        long messages;
        long sinceMicros;
    }

    private record Link(NodeId from, NodeId to) {}

    private record Vote(String directoryId, long term) {}

    private record Predecessor(long term, ByteBuffer command) {}

    private final Simulation world;
    private final Map<NodeId, Seen> seen = new TreeMap<>();
    private final TreeMap<Long, NodeId> leaderOfTerm = new TreeMap<>();
    private final Map<Vote, NodeId> votes = new HashMap<>();
    private final Map<EntryId, Predecessor> entries = new HashMap<>();
    private final Map<Link, Unanswered> unanswered = new HashMap<>();
    private final Map<Long, Long> readsAsked = new HashMap<>();

    Invariants(Simulation world) {
        this.world = world;
    }

    /** Terms in which somebody led. */
    int leaders() {
        return leaderOfTerm.size();
    }

    private Seen seen(SimulatedServer server) {
        return seen.computeIfAbsent(server.id, id -> new Seen());
    }

    @Override
    public void started(SimulatedServer server, SimulatedServer.Life life) {
        Seen fresh = new Seen();
        fresh.commitIndex = life.raft.commitIndex();
        fresh.revision = life.machine.revision();
        seen.put(server.id, fresh);
        unless(
                fresh.commitIndex <= world.committed.lastIndex(),
                "StateMachineSafety",
                "%s restarts with %d entries applied, %d are committed",
                server.id,
                fresh.commitIndex,
                world.committed.lastIndex());
        unless(
                life.raft.currentTerm() == server.disk.hardState().currentTerm(),
                "NothingGoesBack",
                "%s restarts in term %d, its disk says %s",
                server.id,
                life.raft.currentTerm(),
                server.disk.hardState());
    }

    @Override
    public void observe(SimulatedServer server, SimulatedServer.Life life) {
        Raft raft = life.raft;
        Seen last = seen(server);
        unless(
                raft.currentTerm() >= last.currentTerm,
                "NothingGoesBack",
                "%s goes back from term %d to %d",
                server.id,
                last.currentTerm,
                raft.currentTerm());
        last.currentTerm = raft.currentTerm();
        Membership before = last.membership;
        last.membership = raft.membership();
        long commitIndex = raft.commitIndex();
        unless(
                commitIndex >= last.commitIndex,
                "NothingGoesBack",
                "%s goes back from commitIndex %d to %d",
                server.id,
                last.commitIndex,
                commitIndex);
        if (commitIndex == last.commitIndex) {
            return;
        }
        unless(
                !raft.isLeader() || raft.entryAt(commitIndex).term() == raft.currentTerm(),
                "OnlyEntriesOfTheOwnTermAreCounted",
                "%s commits %s in term %d",
                server.id,
                raft.entryAt(commitIndex).id(),
                raft.currentTerm());
        // Not the current term: it may have led when the turn began, committed, and then heard of a later term.
        long inTerm = raft.entryAt(commitIndex).term();
        for (long index = last.commitIndex + 1; index <= commitIndex; index++) {
            committed(server, raft.entryAt(index), inTerm, List.of(before, raft.membership()));
        }
        last.commitIndex = commitIndex;
    }

    /** @param inForce when it was committed: one of these */
    private void committed(SimulatedServer server, LogEntry entry, long inTerm, List<Membership> inForce) {
        if (entry.index() <= world.committed.lastIndex()) {
            LogEntry first = world.committed.entry(entry.index());
            unless(
                    first.equals(entry),
                    "StateMachineSafety",
                    "%s commits %s where %s is committed",
                    server.id,
                    entry.id(),
                    first.id());
            return;
        }
        unless(
                inForce.stream().anyMatch(membership -> majorityHolds(membership, entry, inTerm)),
                "CommittedIsOnAMajority",
                "%s commits %s, which no majority of the voters' disks holds in its term: %s",
                server.id,
                entry.id(),
                inForce);
        world.committed(entry, inTerm);
    }

    /** Also a disk that was wiped since counts, for what it held. */
    private boolean majorityHolds(Membership membership, LogEntry entry, long inTerm) {
        long copies = membership.members().stream()
                .filter(Member::isVoter)
                .filter(voter -> {
                    SimulatedDisk disk = world.disk(voter.directoryId());
                    return disk.contains(entry.id()) && disk.hardState().currentTerm() >= inTerm;
                })
                .count();
        return copies * 2 > membership.voters().size();
    }

    @Override
    public void turnEnded(SimulatedServer server, SimulatedServer.Life life, boolean completed) {
        observe(server, life);
        Raft raft = life.raft;
        if (raft.isLeader()) {
            leads(server, raft);
        }
        if (completed) {
            memoryIsTheDisk(server, raft);
            membershipIsTheLogs(server, raft);
        }
        long bytesMax = world.faults.config.unappliedBytesMax() + world.faults.valueBytesMax + 500;
        unless(
                raft.unappliedBytes() <= bytesMax,
                "UnappliedIsBounded",
                "%s has %d bytes unapplied",
                server.id,
                raft.unappliedBytes());
    }

    private void leads(SimulatedServer server, Raft raft) {
        long term = raft.currentTerm();
        electionSafety(server.id, term);
        Seen last = seen(server);
        if (last.leaderTerm != term) {
            last.leaderTerm = term;
            long index = world.committed.lastIndexCommittedBefore(term);
            unless(
                    index == 0
                            || (raft.lastLog().index() >= index
                                    && raft.entryAt(index).equals(world.committed.entry(index))),
                    "LeaderCompleteness",
                    "%s leads term %d with the log %s, without entry %d",
                    server.id,
                    term,
                    raft.lastLog(),
                    index);
        } else {
            EntryId before = last.leaderLast;
            unless(
                    raft.lastLog().index() >= before.index()
                            && raft.entryAt(before.index()).id().equals(before),
                    "LeaderAppendOnly",
                    "%s led term %d up to %s and now up to %s",
                    server.id,
                    term,
                    before,
                    raft.lastLog());
        }
        last.leaderLast = raft.lastLog();
    }

    private void electionSafety(NodeId leader, long term) {
        NodeId first = leaderOfTerm.putIfAbsent(term, leader);
        unless(
                first == null || first.equals(leader),
                "ElectionSafety",
                "%s and %s both lead term %d",
                first,
                leader,
                term);
    }

    /** What a server takes for the membership is the newest in its log (thesis §4.1). */
    private void membershipIsTheLogs(SimulatedServer server, Raft raft) {
        SortedSet<Long> inLog = server.disk.memberships();
        long newest = inLog.isEmpty() ? 0 : inLog.last();
        unless(
                raft.membership().revision() == newest
                        && (newest == 0 || raft.entryAt(newest).membership().equals(raft.membership())),
                "MembershipIsTheLogs",
                "%s goes by %s; the newest in its log is entry %d",
                server.id,
                raft.membership(),
                newest);
        unless(
                !raft.isLeader()
                        || inLog.tailSet(world.committed.lastIndex() + 1).size() <= 1,
                "OneChangeAtATime",
                "%s leads with changes at %s, and %d entries are committed",
                server.id,
                inLog,
                world.committed.lastIndex());
    }

    private void memoryIsTheDisk(SimulatedServer server, Raft raft) {
        HardState hardState = server.disk.hardState();
        unless(
                hardState.equals(new HardState(raft.currentTerm(), raft.votedFor())),
                "MemoryIsTheDisk",
                "%s is in term %d, its disk says %s",
                server.id,
                raft.currentTerm(),
                hardState);
        EntryId onDisk = server.disk.last();
        if (onDisk.index() == 0) {
            return;
        }
        boolean same = raft.isLeader() // Which may have begun its term since the write.
                ? raft.lastLog().index() >= onDisk.index()
                        && raft.entryAt(onDisk.index()).id().equals(onDisk)
                : raft.lastLog().equals(onDisk);
        unless(same, "MemoryIsTheDisk", "%s has %s in memory and %s on disk", server.id, raft.lastLog(), onDisk);
        Seen last = seen(server);
        if (++last.turns % SPOT_EVERY_TURNS != 0) {
            return;
        }
        last.spotIndex = last.spotIndex % onDisk.index() + 1;
        unless(
                raft.entryAt(last.spotIndex).equals(server.disk.entry(last.spotIndex)),
                "MemoryIsTheDisk",
                "%s reads entry %d differently from memory and disk",
                server.id,
                last.spotIndex);
    }

    @Override
    public void transition(SimulatedServer server, Transition transition) {
        if (transition.role().equals("leader")) {
            electionSafety(server.id, transition.term());
        }
    }

    /** One vote a term and a log that only grows or is replaced where it is not committed. */
    @Override
    public void writing(SimulatedServer server, @Nullable HardState changed, List<LogEntry> written) {
        HardState before = server.disk.hardState();
        if (changed != null) {
            unless(
                    changed.currentTerm() >= before.currentTerm(),
                    "NothingGoesBack",
                    "%s writes %s over %s",
                    server.id,
                    changed,
                    before);
            unless(
                    changed.currentTerm() > before.currentTerm()
                            || before.votedFor() == null
                            || before.votedFor().equals(changed.votedFor()),
                    "OneVotePerTerm",
                    "%s writes %s over %s",
                    server.id,
                    changed,
                    before);
        }
        if (written.isEmpty()) {
            return;
        }
        long first = written.get(0).index();
        unless(
                first <= server.disk.last().index() + 1,
                "NoHoleInTheLog",
                "%s writes entry %d behind %s",
                server.id,
                first,
                server.disk.last());
        nothingCommittedIsReplaced(server, written);
        EntryId previous = server.disk.idAt(first - 1);
        for (LogEntry entry : written) {
            logMatching(server, previous, entry);
            previous = entry.id();
        }
    }

    /**
     * A server that has seen the term in which an entry was committed keeps it. One that has not may lose its copy, which
     * nobody counted, to a late message of a leader in between; and a turn may bring it that leader and then a later one,
     * so that the same entry is written once more.
     */
    private void nothingCommittedIsReplaced(SimulatedServer server, List<LogEntry> written) {
        long first = written.get(0).index();
        long last = Math.min(
                server.disk.last().index(),
                world.committed.lastIndexCommittedBefore(server.disk.hardState().currentTerm() + 1));
        for (long index = first; index <= last; index++) {
            LogEntry committed = world.committed.entry(index);
            int at = (int) (index - first);
            unless(
                    !server.disk.entry(index).equals(committed)
                            || (at < written.size() && written.get(at).equals(committed)),
                    "NothingCommittedIsReplaced",
                    "%s replaces its log from %d on, and with it %s, which is committed",
                    server.id,
                    first,
                    committed.id());
        }
    }

    /** Equal ids mean equal commands and equal predecessors, so by induction equal logs. */
    private void logMatching(SimulatedServer server, EntryId previous, LogEntry entry) {
        unless(
                entry.index() == previous.index() + 1 && entry.term() >= previous.term(),
                "NoHoleInTheLog",
                "%s writes %s behind %s",
                server.id,
                entry.id(),
                previous);
        Predecessor mine = new Predecessor(previous.term(), entry.command());
        Predecessor first = entries.putIfAbsent(entry.id(), mine);
        unless(
                first == null || first.equals(mine),
                "LogMatching",
                "%s holds another entry %s than others, or another before it",
                server.id,
                entry.id());
    }

    @Override
    public void applied(SimulatedServer server, SimulatedServer.Life life, long index) {
        Seen last = seen(server);
        unless(
                index <= last.commitIndex,
                "StateMachineSafety",
                "%s applies entry %d with %d committed",
                server.id,
                index,
                last.commitIndex);
        unless(
                server.disk.contains(world.committed.entry(index).id()),
                "AppliedIsWritten",
                "%s applies entry %d, which is not on its disk",
                server.id,
                index);
        unless(
                life.machine.revision() >= last.revision,
                "NothingGoesBack",
                "%s goes back from revision %d to %d",
                server.id,
                last.revision,
                life.machine.revision());
        last.revision = life.machine.revision();
    }

    /** Nothing is promised before it is durable, and no message says more than is true. */
    @Override
    public void sending(SimulatedServer server, Envelope envelope) {
        Message message = envelope.message();
        HardState durable = server.disk.hardState();
        if (!(message instanceof Message.PreVote) && !(message instanceof Message.PreVoteReply)) {
            unless(
                    message.term() <= durable.currentTerm(),
                    "NothingLeavesBeforeItIsDurable",
                    "%s, but the disk says %s",
                    envelope,
                    durable);
        }
        if (message instanceof Message.RequestVote request) {
            vote(server, request.term(), server.id);
        } else if (message instanceof Message.RequestVoteReply reply && reply.voteGranted()) {
            vote(server, reply.term(), envelope.to());
        } else if (message instanceof Message.AppendEntries request) {
            vote(server, request.term(), server.id);
            appendEntries(server, envelope, request);
        } else if (message instanceof Message.AppendEntriesReply reply && reply.success()) {
            acknowledgement(server, envelope, reply);
        } else if (message instanceof Message.ReadIndex request) {
            readsAsked.put(request.id(), world.committed.lastIndex());
        } else if (message instanceof Message.ReadIndexReply reply) {
            readIndexReply(envelope, reply);
        }
    }

    private void vote(SimulatedServer server, long term, NodeId candidate) {
        HardState durable = server.disk.hardState();
        // In a later term the vote is moot: it can never be given again.
        unless(
                durable.currentTerm() > term || (durable.currentTerm() == term && candidate.equals(durable.votedFor())),
                "NothingLeavesBeforeItIsDurable",
                "%s votes for %s in term %d, but its disk says %s",
                server.id,
                candidate,
                term,
                durable);
        NodeId first = votes.putIfAbsent(new Vote(server.directoryId, term), candidate);
        unless(
                first == null || first.equals(candidate),
                "OneVotePerTerm",
                "%s votes for %s and %s in term %d",
                server.id,
                first,
                candidate,
                term);
    }

    private void appendEntries(SimulatedServer server, Envelope envelope, Message.AppendEntries request) {
        unless(
                request.leaderCommit() <= world.committed.lastIndex(),
                "CommittedIsOnAMajority",
                "%s tells of more than the %d committed",
                envelope,
                world.committed.lastIndex());
        RaftConfig config = world.faults.config;
        long bytes = request.entries().stream().mapToLong(LogEntry::sizeBytes).sum();
        unless(
                bytes <= config.messageBytesMax() || request.entries().size() == 1,
                "MessagesAreBounded",
                "%s sends %d bytes in %d entries",
                server.id,
                bytes,
                request.entries().size());
        long expected = request.prevLog().index() + 1;
        for (LogEntry entry : request.entries()) {
            unless(entry.index() == expected++, "NoHoleInTheLog", "%s", envelope);
        }
    }

    private void acknowledgement(SimulatedServer server, Envelope envelope, Message.AppendEntriesReply reply) {
        if (server.disk.hardState().currentTerm() > reply.term()) {
            return; // It has followed another leader within this turn; the old one's entries may be gone.
        }
        unless(
                reply.matchIndex() <= server.disk.last().index(),
                "NothingLeavesBeforeItIsDurable",
                "%s, but the disk ends at %s",
                envelope,
                server.disk.last());
        SimulatedServer.Life leader = world.server(envelope.to()).life();
        if (reply.matchIndex() > 0
                && leader != null
                && leader.raft.isLeader()
                && leader.raft.currentTerm() == reply.term()) {
            EntryId acked = server.disk.idAt(reply.matchIndex());
            unless(
                    leader.raft.lastLog().index() >= acked.index()
                            && leader.raft.entryAt(acked.index()).id().equals(acked),
                    "AcknowledgedIsTheLeaders",
                    "%s acknowledges its own %s to %s",
                    server.id,
                    acked,
                    envelope.to());
        }
    }

    private void readIndexReply(Envelope envelope, Message.ReadIndexReply reply) {
        long asked = readsAsked.getOrDefault(reply.id(), Long.MAX_VALUE);
        unless(
                asked <= reply.readIndex() && reply.readIndex() <= world.committed.lastIndex(),
                "ReadIndexIsFresh",
                "%s, but %d entries were committed when it was asked for",
                envelope,
                asked);
    }

    /** A flood would end in a queue that grows without bound. */
    @Override
    public void sent(SimulatedServer server, List<Envelope> envelopes) {
        unless(
                world.scheduler.pending() < EVENTS_PENDING_MAX,
                "MessagesDoNotMultiply",
                "%d events are pending",
                world.scheduler.pending());
        for (Envelope envelope : envelopes) {
            if (envelope.message() instanceof Message.AppendEntries request
                    && !request.entries().isEmpty()) {
                window(server, envelope.to(), request.term());
            }
        }
    }

    /** Without an answer, a window's worth of messages with entries, and one more a heartbeat to find out. */
    private void window(SimulatedServer server, NodeId peer, long term) {
        Unanswered unanswered = unanswered(server.id, peer);
        long now = world.scheduler.nowMicros();
        if (unanswered.term != term || unanswered.messages == 0) {
            unanswered.term = term;
            unanswered.messages = 0;
            unanswered.sinceMicros = now;
        }
        unanswered.messages++;
        long heartbeats = (now - unanswered.sinceMicros) / server.heartbeatMicros();
        unless(
                unanswered.messages <= world.faults.config.windowMessagesMax() + heartbeats + 2,
                "WindowsAreBounded",
                "%s has sent %d messages with entries to %s in %d us without an answer",
                server.id,
                unanswered.messages,
                peer,
                now - unanswered.sinceMicros);
    }

    private Unanswered unanswered(NodeId leader, NodeId peer) {
        return unanswered.computeIfAbsent(new Link(leader, peer), link -> new Unanswered());
    }

    @Override
    public void received(SimulatedServer server, Envelope envelope) {
        if (envelope.message() instanceof Message.AppendEntriesReply) {
            unanswered(server.id, envelope.from()).messages = 0;
        }
    }
}

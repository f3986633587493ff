package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.kv.KvStateMachine;
import io.balsa.node.Election;
import io.balsa.node.NodeStatus;
import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.balsa.raft.Raft;
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
 * Those of the messages are {@link MessageInvariants}.
 */
final class Invariants implements Checks {
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

    private record Predecessor(long term, ByteBuffer command) {}

    private final Simulation world;
    private final MessageInvariants messages;
    private final Map<NodeId, Seen> seen = new TreeMap<>();
    private final TreeMap<Long, NodeId> leaderOfTerm = new TreeMap<>();
    private final Map<EntryId, Predecessor> entries = new HashMap<>();

    Invariants(Simulation world) {
        this.world = world;
        messages = new MessageInvariants(world);
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
        EntryId anchor = raft.anchor();
        if (commitIndex <= anchor.index()) {
            last.commitIndex = commitIndex; // By a snapshot.
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
        for (long index = Math.max(last.commitIndex, anchor.index()) + 1; index <= commitIndex; index++) {
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
        cutBehindTheCheckpoint(server, life);
        if (raft.isLeader()) {
            leads(server, raft);
            nobodyElseLeads(server, raft.currentTerm());
        }
        if (completed) {
            memoryIsTheDisk(server, raft);
            membershipIsTheLogs(server, life);
        }
        long bytesMax = world.faults.config.unappliedBytesMax() + world.faults.valueBytesMax + 500;
        unless(
                raft.unappliedBytes() <= bytesMax,
                "UnappliedIsBounded",
                "%s has %d bytes unapplied",
                server.id,
                raft.unappliedBytes());
    }

    /** What the log no longer has, the state has durably; so a restart, or a follower's snapshot, never finds a hole. */
    private void cutBehindTheCheckpoint(SimulatedServer server, SimulatedServer.Life life) {
        EntryId anchor = server.disk.anchor();
        unless(
                anchor.index() <= life.state.durableIndex(),
                "NoHoleInTheLog",
                "%s has cut its log up to %s, and its state is durable up to %d",
                server.id,
                anchor,
                life.state.durableIndex());
        world.committed.checkSnapshot(server.id.toString(), anchor);
        world.committed.checkSnapshot(server.id.toString(), life.raft.anchor());
    }

    @Override
    public void checkpointed(SimulatedServer server, SimulatedServer.Life life) {
        world.committed.checkStateHash(server, life, life.machine.lastApplied());
    }

    @Override
    public void installed(SimulatedServer server, SimulatedServer.Life life, EntryId lastIncluded, long appliedBefore) {
        world.committed.checkSnapshot(server.id.toString(), lastIncluded);
        unless(
                lastIncluded.index() > appliedBefore,
                "NothingGoesBack",
                "%s replaces its state behind entry %d by a snapshot up to %s",
                server.id,
                appliedBefore,
                lastIncluded);
        unless(
                !server.disk.contains(lastIncluded),
                "InstallOnlyWhatIsMissing",
                "%s installs a snapshot up to %s, which its log up to %s contains",
                server.id,
                lastIncluded,
                server.disk.last());
        world.committed.checkStateHash(server, life.state, lastIncluded.index());
    }

    private void leads(SimulatedServer server, Raft raft) {
        long term = raft.currentTerm();
        electionSafety(server.id, term);
        Seen last = seen(server);
        if (last.leaderTerm != term) {
            last.leaderTerm = term;
            long index = world.committed.lastIndexCommittedBefore(term);
            unless(
                    index == 0 || raft.contains(world.committed.entry(index).id()),
                    "LeaderCompleteness",
                    "%s leads term %d with the log %s, without entry %d",
                    server.id,
                    term,
                    raft.lastLog(),
                    index);
        } else {
            EntryId before = last.leaderLast;
            unless(
                    raft.contains(before),
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

    @Override
    public void journal(SimulatedServer server, NodeStatus status, List<Election> elections) {
        // With other voters than the first ones, how many votes it took at the time is not known any more.
        int voters = status.membership().revision() == 0 ? world.faults.servers : 0;
        Journals.check(voters, leaderOfTerm, status, elections);
    }

    /** What a server takes for the membership is the newest in its log, or in the state behind which that begins (thesis §4.1). */
    private void membershipIsTheLogs(SimulatedServer server, SimulatedServer.Life life) {
        Raft raft = life.raft;
        SortedSet<Long> inLog = server.disk.memberships();
        KvStateMachine.RecordedMembership recorded = life.machine.membership();
        long newest = Math.max(inLog.isEmpty() ? 0 : inLog.last(), recorded == null ? 0 : recorded.index());
        unless(
                raft.membership().revision() == newest
                        && (newest <= server.disk.anchor().index()
                                || raft.entryAt(newest).membership().equals(raft.membership())),
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
                ? raft.contains(onDisk)
                : raft.lastLog().equals(onDisk);
        unless(same, "MemoryIsTheDisk", "%s has %s in memory and %s on disk", server.id, raft.lastLog(), onDisk);
        Seen last = seen(server);
        if (++last.turns % SPOT_EVERY_TURNS != 0) {
            return;
        }
        long anchorIndex = server.disk.anchor().index();
        if (anchorIndex == onDisk.index()) {
            return;
        }
        last.spotIndex = Math.max(last.spotIndex % onDisk.index(), anchorIndex) + 1;
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
            world.servers().stream().filter(SimulatedServer::isLeader).forEach(other -> {
                SimulatedServer.Life life = other.life();
                if (life != null) {
                    nobodyElseLeads(other, life.raft.currentTerm());
                }
            });
        }
    }

    /** While a lease holds, be its server paused or not, nobody is elected. */
    private void nobodyElseLeads(SimulatedServer server, long term) {
        unless(
                leaderOfTerm.tailMap(term, false).isEmpty() || !server.holdsLease(),
                "LeaseIsExclusive",
                "%s holds a lease in term %d, and leaders of later terms are %s",
                server.id,
                term,
                leaderOfTerm.tailMap(term, false));
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

    @Override
    public void sending(SimulatedServer server, Envelope envelope) {
        messages.sending(server, envelope);
    }

    @Override
    public void sent(SimulatedServer server, List<Envelope> envelopes) {
        messages.sent(server, envelopes);
    }

    @Override
    public void received(SimulatedServer server, Envelope envelope) {
        messages.received(server, envelope);
    }
}

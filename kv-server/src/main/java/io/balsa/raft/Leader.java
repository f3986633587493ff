package io.balsa.raft;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Accepts commands, replicates them, decides which are committed (§5.3, §5.4), and confirms reads (thesis §6.4). */
final class Leader extends Role {
    private static final ByteBuffer NO_OP = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private final TreeMap<NodeId, Progress> peers = new TreeMap<>();
    private final SnapshotTransfers snapshots = new SnapshotTransfers(raft, peers);
    private final PendingReads reads = new PendingReads();
    private final ArrayDeque<PendingReads.Read> readsBeforeFirstCommit = new ArrayDeque<>();
    private final long firstIndex;
    private int ticksUntilHeartbeat;
    private long unappliedBytes;
    private @Nullable NodeId transferTarget;
    private int ticksUntilTransferFails;
    private final MembershipChanges changes;
    private final Lease lease = new Lease(raft, this);
    private final Comparisons comparisons;

    Leader(Raft raft) {
        super(raft);
        firstIndex = raft.log().lastIndex() + 1;
        comparisons = new Comparisons(raft, peers, firstIndex);
        changes = new MembershipChanges(raft, this, firstIndex);
        adopt(raft.membership());
    }

    /** Replicates to whoever belongs to it, learners too, and to nobody else. */
    private void adopt(Membership membership) {
        peers.entrySet().removeIf(peer -> {
            boolean removed = !membership.contains(peer.getKey());
            if (removed) {
                comparisons.forget(peer.getKey());
                snapshots.end(peer.getValue());
            }
            return removed;
        });
        for (Member member : membership.members()) {
            if (!member.id().equals(raft.self()) && !peers.containsKey(member.id())) {
                peers.put(member.id(), new Progress(raft.config(), raft.log().lastIndex() + 1));
            }
        }
    }

    /** What was known of that peer's log is no longer so: its disk is another one. */
    void forget(NodeId peer) {
        comparisons.forget(peer);
        Progress known = peers.remove(peer);
        if (known != null) {
            snapshots.end(known);
        }
    }

    @Override
    String title() {
        return "leader";
    }

    @Override
    NodeId leader() {
        return raft.self();
    }

    /** It would have stepped down otherwise. */
    @Override
    boolean hasLiveLeader() {
        return true;
    }

    /** The empty entry lets it commit what earlier terms left behind (§5.4.2, §8). */
    void start() {
        append(LogEntry.Kind.COMMAND, NO_OP);
        ticksUntilHeartbeat = 0;
    }

    @Override
    void tick() {
        for (Progress progress : peers.values()) {
            progress.tick(raft.log().lastIndex());
        }
        if (ticksSinceMajorityContact() >= raft.config().electionTicksMin()) {
            raft.becomeFollower(raft.currentTerm(), null, Transition.Trigger.NO_MAJORITY_CONTACT);
            return;
        }
        if (transferTarget != null && --ticksUntilTransferFails <= 0) {
            transferTarget = null;
            if (isRemoved()) {
                raft.becomeFollower(raft.currentTerm(), null, Transition.Trigger.REMOVED);
                return;
            }
        }
        for (Progress progress : peers.values()) {
            snapshots.tick(progress);
        }
        changes.tick();
        comparisons.tick();
        ticksUntilHeartbeat--;
    }

    /** Proposes to change the membership; see {@link Raft#changeMembership}. */
    Proposal change(MembershipChange change, long expectedRevision) {
        return transferTarget != null ? new Proposal.Transferring() : changes.propose(change, expectedRevision);
    }

    void foreignDisk(NodeId member, String directoryId) {
        changes.foreignDisk(member, directoryId);
    }

    boolean isTransferring() {
        return transferTarget != null;
    }

    Proposal propose(ByteBuffer command) {
        if (transferTarget != null) {
            return new Proposal.Transferring();
        }
        long limit = raft.config().unappliedBytesMax();
        if (unappliedBytes >= limit) {
            return new Proposal.Busy(unappliedBytes, limit);
        }
        return new Proposal.Accepted(append(LogEntry.Kind.COMMAND, command));
    }

    EntryId append(LogEntry.Kind kind, ByteBuffer command) {
        LogEntry entry = new LogEntry(raft.log().lastIndex() + 1, raft.currentTerm(), kind, command);
        raft.log().append(entry);
        unappliedBytes += entry.sizeBytes();
        if (kind == LogEntry.Kind.MEMBERSHIP) {
            adopt(raft.membership());
        }
        return entry.id();
    }

    void applied(List<LogEntry> entries) {
        for (LogEntry entry : entries) {
            if (entry.index() >= firstIndex) {
                unappliedBytes -= entry.sizeBytes();
            }
        }
    }

    long unappliedBytes() {
        return unappliedBytes;
    }

    /** See {@link Raft#settledIndex}. */
    boolean isSettled() {
        return raft.commitIndex() == raft.log().lastIndex() && reads.isEmpty() && transferTarget == null;
    }

    long matchIndexOf(NodeId server) {
        return server.equals(raft.self()) ? raft.log().writtenIndex() : progressOf(server).matchIndex;
    }

    long ticksSinceContact(NodeId server) {
        return server.equals(raft.self()) ? 0 : progressOf(server).ticksSinceContact;
    }

    boolean hasReady() {
        return reads.roundWanted() || ticksUntilHeartbeat <= 0;
    }

    /** Sends each peer what it lacks. Called once a turn, so that one message carries every new entry. */
    void replicate() {
        boolean heartbeat = ticksUntilHeartbeat <= 0;
        if (heartbeat) {
            ticksUntilHeartbeat = raft.config().heartbeatTicks();
            comparisons.next();
        }
        boolean round = reads.roundWanted() || (heartbeat && lease.needsRounds());
        if (round) {
            reads.startRound();
            lease.roundBegins(reads.round());
        }
        for (Map.Entry<NodeId, Progress> entry : peers.entrySet()) {
            NodeId peer = entry.getKey();
            Progress progress = entry.getValue();
            if (heartbeat) {
                progress.probeSent = false;
            }
            boolean sent = false;
            if (!progress.needsSnapshot(raft.log().anchor())) {
                sent = progress.probing ? probe(peer, progress) : stream(peer, progress);
            } else if (comparisons.inDoubt()) {
                snapshots.end(progress);
            } else {
                snapshots.send(peer, progress);
            }
            if (!sent && (heartbeat || round)) {
                appendEntries(peer, heartbeatIndex(progress), List.of());
            }
        }
        confirmReads(); // Alone, it needs nobody's answer.
    }

    /** An empty AppendEntries at the front of the stream finds out whether any before it was lost. */
    private long heartbeatIndex(Progress progress) {
        EntryId anchor = raft.log().anchor();
        if (!progress.probing && !progress.needsSnapshot(anchor)) {
            return progress.nextIndex - 1;
        }
        return progress.matchIndex >= anchor.index() ? progress.matchIndex : 0;
    }

    private boolean probe(NodeId peer, Progress progress) {
        if (progress.probeSent) {
            return false;
        }
        progress.probeSent = true;
        appendEntries(peer, progress.nextIndex - 1, entriesFor(progress));
        return true;
    }

    private boolean stream(NodeId peer, Progress progress) {
        boolean sent = false;
        while (progress.mayStream() && progress.nextIndex <= raft.log().lastIndex()) {
            List<LogEntry> entries = entriesFor(progress);
            appendEntries(peer, progress.nextIndex - 1, entries);
            long bytes = 0;
            for (LogEntry entry : entries) {
                bytes += entry.sizeBytes();
            }
            progress.sent(entries.get(entries.size() - 1).index(), bytes);
            sent = true;
        }
        return sent;
    }

    private List<LogEntry> entriesFor(Progress progress) {
        long lastIndex = raft.log().lastIndex();
        return progress.nextIndex > lastIndex
                ? List.of()
                : raft.log().read(progress.nextIndex, lastIndex, raft.config().messageBytesMax());
    }

    private void appendEntries(NodeId peer, long prevIndex, List<LogEntry> entries) {
        raft.sendAtOnce(
                peer,
                new Message.AppendEntries(
                        raft.currentTerm(),
                        prevIndex == 0 ? EntryId.NONE : raft.log().idAt(prevIndex),
                        entries,
                        raft.commitIndex(),
                        reads.round(),
                        comparisons.askedIndex(),
                        comparisons.agreed()));
    }

    @Override
    public void onInstallSnapshot(NodeId from, Message.InstallSnapshot request) {
        throw new AssertionError("two leaders in term " + request.term() + ": " + raft.self() + " and " + from);
    }

    /** Null: an answer from before it was removed. */
    private @Nullable Progress heardFrom(NodeId from) {
        Progress progress = peers.get(from);
        if (progress != null) {
            progress.ticksSinceContact = 0;
            changes.knownDisk(from);
        }
        return progress;
    }

    @Override
    public void onInstallSnapshotReply(NodeId from, Message.InstallSnapshotReply reply) {
        Progress progress = heardFrom(from);
        if (progress == null) {
            return;
        }
        snapshots.answered(progress, reply);
        if (reply.matchIndex() > 0) {
            matched(from, progress, reply.matchIndex());
            leaveIfRemoved();
        }
    }

    SnapshotTransfers snapshots() {
        return snapshots;
    }

    @Override
    void written() {
        advanceCommitIndex();
        confirmReads();
        leaveIfRemoved();
    }

    @Override
    public void onAppendEntries(NodeId from, Message.AppendEntries request) {
        throw new AssertionError("two leaders in term " + request.term() + ": " + raft.self() + " and " + from);
    }

    @Override
    public void onAppendEntriesReply(NodeId from, Message.AppendEntriesReply reply) {
        Progress progress = heardFrom(from);
        if (progress == null) {
            return;
        }
        progress.ackedRound = Math.max(progress.ackedRound, reply.round());
        lease.acknowledged(progress, reply.round(), reply.pledgeNanos());
        comparisons.answered(from, reply.digest());
        if (reply.success()) {
            matched(from, progress, reply.matchIndex());
        } else {
            progress.failed(
                    reply.rejected(), raft.log().lastNotAfter(reply.hint()).index());
        }
        confirmReads();
        leaveIfRemoved();
    }

    private void matched(NodeId from, Progress progress, long matchIndex) {
        Check.that(
                matchIndex <= raft.log().lastIndex(),
                "%s acknowledges %d of a log that ends at %s",
                from,
                matchIndex,
                raft.log().last());
        progress.matched(matchIndex);
        if (!progress.needsSnapshot(raft.log().anchor())) {
            snapshots.end(progress);
        }
        advanceCommitIndex();
        finishTransfer();
    }

    /**
     * Commits what a majority has on disk. Only an entry of the current term is committed by
     * counting; those before it are then committed with it (§5.4.2, Figure 8).
     */
    private void advanceCommitIndex() {
        long majorityHas = majorityReached(raft.log().writtenIndex(), progress -> progress.matchIndex);
        if (majorityHas > raft.commitIndex() && raft.log().termAt(majorityHas) == raft.currentTerm()) {
            raft.commitTo(majorityHas);
            for (PendingReads.Read read : readsBeforeFirstCommit) {
                reads.add(new PendingReads.Read(read.from(), read.id(), raft.commitIndex()));
            }
            readsBeforeFirstCommit.clear();
        }
    }

    void readIndex(NodeId from, long id) {
        PendingReads.Read read = new PendingReads.Read(from, id, raft.commitIndex());
        if (!hasCommittedInItsTerm()) {
            readsBeforeFirstCommit.add(read); // It does not know yet what is committed (§8).
        } else {
            reads.add(read);
        }
    }

    boolean hasCommittedInItsTerm() {
        return raft.commitIndex() >= firstIndex;
    }

    Lease lease() {
        return lease;
    }

    @Override
    public void onReadIndex(NodeId from, Message.ReadIndex request) {
        readIndex(from, request.id());
    }

    private void confirmReads() {
        if (reads.isEmpty()) {
            return;
        }
        long confirmedRound = majorityReached(reads.round(), progress -> progress.ackedRound);
        for (PendingReads.Read read : reads.confirmed(confirmedRound)) {
            if (read.from().equals(raft.self())) {
                raft.readConfirmed(read.id(), read.readIndex());
            } else {
                raft.promise(read.from(), new Message.ReadIndexReply(raft.currentTerm(), read.id(), read.readIndex()));
            }
        }
    }

    private long ticksSinceMajorityContact() {
        return -majorityReached(0, progress -> -progress.ticksSinceContact);
    }

    /**
     * The largest value that a majority of the voters has reached. A leader that is being removed does not count itself
     * (thesis §4.2.2).
     *
     * @param own this server's, when it is a voter
     */
    long majorityReached(long own, ToLongFunction<Progress> ofPeer) {
        List<NodeId> voters = raft.membership().voters();
        long[] reached = new long[voters.size()];
        for (int i = 0; i < reached.length; i++) {
            NodeId voter = voters.get(i);
            reached[i] = voter.equals(raft.self()) ? own : ofPeer.applyAsLong(progressOf(voter));
        }
        return raft.membership().majorityReached(reached);
    }

    /** Its removal is committed. */
    private boolean isRemoved() {
        Membership membership = raft.membership();
        return !membership.isVoter(raft.self()) && membership.revision() <= raft.commitIndex();
    }

    /** Hands over first, so that nobody has to wait for an election timeout (thesis §4.2.2). */
    private void leaveIfRemoved() {
        if (raft.isLeader() && transferTarget == null && isRemoved() && !transfer(null)) {
            raft.becomeFollower(raft.currentTerm(), null, Transition.Trigger.REMOVED);
        }
    }

    /** Hands over to {@code target}, or to the follower that is furthest when null; false: there is nobody. */
    boolean transfer(@Nullable NodeId target) {
        NodeId successor = target == null ? furthest() : target;
        if (successor == null
                || successor.equals(raft.self())
                || !raft.membership().isVoter(successor)) {
            return false;
        }
        transferTarget = successor;
        ticksUntilTransferFails = raft.config().electionTicksMin();
        finishTransfer();
        return true;
    }

    private @Nullable NodeId furthest() {
        NodeId furthest = null;
        long matchIndex = -1;
        for (var peer : peers.entrySet()) {
            boolean alive = peer.getValue().ticksSinceContact < raft.config().electionTicksMin();
            boolean voter = raft.membership().isVoter(peer.getKey());
            if (alive && voter && peer.getValue().matchIndex > matchIndex) {
                furthest = peer.getKey();
                matchIndex = peer.getValue().matchIndex;
            }
        }
        return furthest;
    }

    private void finishTransfer() {
        NodeId target = transferTarget;
        if (target != null && progressOf(target).matchIndex == raft.log().lastIndex()) {
            lease.giveUp();
            raft.promise(target, new Message.TimeoutNow(raft.currentTerm()));
            if (isRemoved()) {
                raft.becomeFollower(raft.currentTerm(), null, Transition.Trigger.REMOVED);
            }
        }
    }

    Progress progressOf(NodeId peer) {
        Progress progress = peers.get(peer);
        if (progress == null) {
            throw new AssertionError("unknown peer " + peer);
        }
        return progress;
    }
}

package io.balsa.raft;

import io.balsa.raft.Transition.Trigger;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The Raft algorithm for one server, as a deterministic state machine: no threads, clock, network or
 * disk. Its owner calls {@link #tick}, {@link #step}, {@link #propose} and {@link #readIndex}, then does what
 * {@link #takeReady} asks for and reports {@link #written}. Not thread-safe.
 */
public final class Raft {
    private final NodeId self;
    private final String directoryId;
    private final RaftConfig config;
    private final Timers timers;
    private final RaftLog log;

    private HardState hardState;
    private HardState writtenHardState;
    private long commitIndex;
    private long lastApplied;
    private Role role;

    /** Peers whose connection closed, and that were not heard from since. */
    private final TreeSet<NodeId> silent = new TreeSet<>();

    private final SnapshotResults snapshotResults = new SnapshotResults(this);
    private final Digests digests = new Digests();
    private final Outbox outbox = new Outbox();
    private final VotesSeen votesSeen = new VotesSeen(this);
    private final Leases leases;

    /**
     * A server as it comes back after a restart, as a follower.
     *
     * @param directoryId of its data directory: another one than the membership knows, and it may not vote
     * @param membership in force behind entry {@code lastApplied}; {@link Membership#NONE}: it waits until it is told
     * @param random for the election timeouts; the only source of chance
     * @param hardState as stored
     * @param stored the log on disk
     * @param lastApplied of the state machine; everything up to it is committed
     */
    public Raft(
            NodeId self,
            String directoryId,
            Membership membership,
            RaftConfig config,
            RandomGenerator random,
            HardState hardState,
            StoredLog stored,
            long lastApplied) {
        Check.that(
                stored.anchor().index() <= lastApplied
                        && lastApplied <= stored.last().index(),
                "the state has applied entry %d, but the log begins behind %s and ends at %s",
                lastApplied,
                stored.anchor(),
                stored.last());
        this.self = self;
        this.directoryId = directoryId;
        this.config = config;
        this.leases = new Leases(this);
        this.timers = new Timers(config, random);
        this.log = new RaftLog(stored, config.cacheBytesMax(), membership, lastApplied);
        this.hardState = hardState;
        this.writtenHardState = hardState;
        this.commitIndex = lastApplied;
        this.lastApplied = lastApplied;
        this.role = new Follower(this, null);
        note(Trigger.STARTED);
    }

    /** A tick of the clock has passed. A driver that was paused reports one tick, however long it was. */
    public void tick() {
        timers.patience().tick();
        role.tick();
    }

    /** A message came in. */
    public void step(Envelope envelope) {
        Check.that(envelope.to().equals(self), "%s is not for %s", envelope, self);
        NodeId from = envelope.from();
        Message message = envelope.message();
        silent.remove(from);
        timers.patience().heardFrom(from, currentTerm());
        if (countsForNothing(envelope)) {
            return;
        }
        if (message instanceof Message.PreVote || message instanceof Message.PreVoteReply) {
            message.deliverTo(role, from); // Changes no term (thesis §9.6).
            return;
        }
        if (message.term() > currentTerm()) {
            if (message instanceof Message.RequestVote vote && !vote.leaderTransfer() && hasLiveLeader()) {
                votesSeen.decided(from, vote, Vote.Verdict.LEADER_ALIVE);
                return; // Not even its term is taken over (thesis §4.2.3).
            }
            if (message instanceof Message.RequestVote vote && !vote.leaderTransfer()) {
                role.suspectLeader();
            }
            becomeFollower(message.term(), null, Trigger.HIGHER_TERM); // §5.1
        }
        if (message.term() < currentTerm()) {
            rejectStale(from, message);
        } else {
            message.deliverTo(role, from);
        }
    }

    /**
     * A vote or an acknowledgement from another disk than the membership knows: the one that it knows may have promised
     * something else, or have held what this one lacks. Requests are another matter: they are judged by what they say, also
     * from servers that this one's log does not know yet (thesis §4.1).
     */
    private boolean countsForNothing(Envelope envelope) {
        Message message = envelope.message();
        Member member = message.promises() ? membership().member(envelope.from()) : null;
        if (member == null || member.directoryId().equals(envelope.directoryId())) {
            return false;
        }
        if (role instanceof Leader leader) {
            leader.foreignDisk(envelope.from(), envelope.directoryId());
        }
        return true;
    }

    /**
     * Proposes a change of the membership, when this server leads; {@link Proposal.Rejected} when it may not be made, or not
     * now. It takes effect at once and is certain when it comes back in {@link Ready#committed}.
     *
     * @param expectedRevision of the membership that the change was made for, or {@link MembershipChange#ANY_REVISION}
     */
    public Proposal changeMembership(MembershipChange change, long expectedRevision) {
        return role instanceof Leader leader
                ? leader.change(change, expectedRevision)
                : new Proposal.NotLeader(role.leader());
    }

    /** Tells a server that waits for it the cluster's first membership; one that has been told goes by what it knows. */
    public void form(Membership first) {
        if (log.memberships().form(first)) {
            role.formed();
        }
    }

    /**
     * Appends a command, when this server leads. It is committed when it comes back in {@link Ready#committed} with the
     * same id; when another entry comes back with its index, it is lost.
     *
     * @param command not empty, not changed by anyone afterwards
     */
    public Proposal propose(ByteBuffer command) {
        Check.that(command.hasRemaining(), "an empty command");
        return role instanceof Leader leader ? leader.propose(command) : new Proposal.NotLeader(role.leader());
    }

    /**
     * Asks for the index up to which a linearizable read must see everything; it comes in {@link Ready#reads}, or, when
     * messages are lost or leaders change, never: then ask again.
     *
     * @param id never used before by this server, restarts included
     * @return false when there is no leader to ask
     */
    public boolean readIndex(long id) {
        NodeId leader = role.leader();
        if (role instanceof Leader leading) {
            leading.readIndex(self, id);
        } else if (leader != null) {
            promise(leader, new Message.ReadIndex(currentTerm(), id));
        }
        return leader != null;
    }

    /**
     * Hands leadership to {@code target} (null: whoever is furthest), after it has caught up. Meanwhile proposals are
     * refused; after an election timeout without success they are accepted again.
     *
     * @return false when this server does not lead, or there is nobody to hand over to
     */
    public boolean transferLeadership(@Nullable NodeId target) {
        return role instanceof Leader leader && leader.transfer(target);
    }

    /** A peer's process closed its connection, a hint that it ended. */
    public void connectionClosed(NodeId peer) {
        if (membership().contains(peer)) {
            silent.add(peer);
        }
        role.connectionClosed(peer);
    }

    /**
     * Whether {@link #takeReady} must be called again though nothing came in since. Call it after every input in any case.
     *
     * @param mayApply whether it would be called with a positive applyBytesMax
     */
    public boolean hasReady(boolean mayApply) {
        return !outbox.isEmpty()
                || !votesSeen.isEmpty()
                || log.hasUnwritten()
                || !hardState.equals(writtenHardState)
                || (mayApply && lastApplied < Math.min(commitIndex, log.writtenIndex()))
                || (role instanceof Leader leader && leader.hasReady());
    }

    /**
     * Everything to be done since the last call. {@link #written} must follow.
     *
     * @param applyBytesMax of committed entries; 0 when the state machine has no room at the moment
     */
    public Ready takeReady(long applyBytesMax) {
        if (role instanceof Leader leader) {
            leader.replicate();
        }
        List<LogEntry> committed = committed(applyBytesMax);
        Ready ready = outbox.take(
                hardState.equals(writtenHardState) ? null : hardState,
                log.hasUnwritten() ? log.unwritten() : List.of(),
                committed,
                votesSeen.take());
        lastApplied += committed.size();
        if (role instanceof Leader leader) {
            leader.applied(committed);
        }
        return ready;
    }

    private List<LogEntry> committed(long applyBytesMax) {
        // What is not on this server's disk yet waits: the state must never be ahead of the log.
        long last = Math.min(commitIndex, log.writtenIndex());
        return applyBytesMax > 0 && lastApplied < last ? log.read(lastApplied + 1, last, applyBytesMax) : List.of();
    }

    /** The last {@link Ready} is durable. */
    public void written() {
        writtenHardState = hardState;
        log.written(lastApplied);
        role.written();
    }

    /** What came of snapshot tasks is told there. */
    public SnapshotResults snapshotResults() {
        return snapshotResults;
    }

    /** What the time is is told there, and what may be read by lease is asked. */
    public Leases leases() {
        return leases;
    }

    /** What the state hashes to is told there, and what came of comparing it. */
    public Digests digests() {
        return digests;
    }

    public NodeId self() {
        return self;
    }

    /** The newest in this server's log, committed or not. */
    public Membership membership() {
        return log.memberships().latest();
    }

    public boolean isLeader() {
        return role instanceof Leader;
    }

    /** The leader of the current term, as far as known. */
    public @Nullable NodeId leader() {
        return role.leader();
    }

    /** {@code follower}, {@code pre-candidate}, {@code candidate} or {@code leader}. */
    public String role() {
        return role.title();
    }

    public long currentTerm() {
        return hardState.currentTerm();
    }

    public @Nullable NodeId votedFor() {
        return hardState.votedFor();
    }

    public long commitIndex() {
        return commitIndex;
    }

    public EntryId lastLog() {
        return log.last();
    }

    /** Whether the log has this entry, or had it before it was let go; for checks and diagnostics. */
    public boolean contains(EntryId id) {
        return log.contains(id);
    }

    /** The entry before the first one of the log; {@link EntryId#NONE} when the log was never cut. */
    public EntryId anchor() {
        return log.anchor();
    }

    /** The entries behind this index are still needed by a follower that answers; no limit when there is none. */
    public long neededIndex() {
        return role instanceof Leader leader ? leader.snapshots().neededIndex() : Long.MAX_VALUE;
    }

    /** Bytes that this leader has appended and not yet seen applied; 0 when it does not lead. */
    public long unappliedBytes() {
        return role instanceof Leader leader ? leader.unappliedBytes() : 0;
    }

    /** This leader's last entry, when all is committed and nothing waits for an answer: what acknowledges it is no news; else -1. */
    public long settledIndex() {
        return role instanceof Leader leader && leader.isSettled() ? log.lastIndex() : -1;
    }

    /** What the leader knows to be on that server's disk; 0 unless this server leads. */
    public long matchIndexOf(NodeId server) {
        return role instanceof Leader leader ? leader.matchIndexOf(server) : 0;
    }

    /** Ticks since the leader heard from that server; -1 unless this server leads. */
    public long ticksSinceContact(NodeId server) {
        return role instanceof Leader leader ? leader.ticksSinceContact(server) : -1;
    }

    /** The entry at {@code index}, behind the anchor and up to {@code lastLog().index()}; for checks and diagnostics. */
    public LogEntry entryAt(long index) {
        return log.read(index, index, Long.MAX_VALUE).get(0);
    }

    // Transitions, called by the roles.

    Follower becomeFollower(long term, @Nullable NodeId leader, Trigger trigger) {
        Check.that(term >= currentTerm(), "the term goes back from %d to %d", currentTerm(), term);
        if (term > currentTerm()) {
            hardState = new HardState(term, null);
        }
        if (role instanceof Leader leading) {
            leading.snapshots().endAll();
        }
        Follower follower = new Follower(this, leader);
        role = follower;
        note(trigger);
        return follower;
    }

    /** Asks for pre-votes. */
    void poll(Trigger trigger) {
        role.suspectLeader();
        PreCandidate preCandidate = new PreCandidate(this, trigger == Trigger.CONNECTION_CLOSED);
        role = preCandidate;
        note(trigger);
        preCandidate.poll();
    }

    void campaign(Trigger trigger) {
        hardState = new HardState(currentTerm() + 1, self);
        role = new Candidate(this); // Its own vote counts once written.
        note(trigger);
        boolean leaderTransfer = trigger == Trigger.LEADER_TRANSFER;
        Message.RequestVote request = new Message.RequestVote(currentTerm(), log.last(), leaderTransfer);
        peers().forEach(peer -> ask(peer, request, false));
    }

    /** Sends a request for a vote, or for a pre-vote. */
    void ask(NodeId voter, Message request, boolean preVote) {
        promise(voter, request);
        votesSeen.asked(voter, request.term(), preVote);
    }

    void becomeLeader() {
        Leader leader = new Leader(this);
        role = leader;
        note(Trigger.ELECTION_WON);
        leader.start();
    }

    void note(Trigger trigger) {
        outbox.transition(new Transition(currentTerm(), role.title(), role.leader(), trigger));
    }

    /** What is known of votes, for those who explain elections. */
    VotesSeen votesSeen() {
        return votesSeen;
    }

    /** As far as this server knows, or as it has pledged. */
    boolean hasLiveLeader() {
        return role.hasLiveLeader() || leases.isPledged();
    }

    Role currentRole() {
        return role;
    }

    RaftConfig config() {
        return config;
    }

    List<NodeId> peers() {
        return membership().peersOf(self).toList();
    }

    RaftLog log() {
        return log;
    }

    /** Its connection closed, and nothing was heard from it since: waiting for its answer is in vain, as far as known. */
    boolean isSilent(NodeId peer) {
        return silent.contains(peer);
    }

    /** Not on a disk that the cluster has not taken in: its memory of a vote may have been wiped. */
    boolean mayVote() {
        return log.memberships().everHold(self, directoryId);
    }

    boolean mayCampaign() {
        return log.memberships().mayCampaign(self, directoryId, commitIndex);
    }

    /** One vote a term, first come first served, for a log no older than ours (§5.2, §5.4.1), if no pledge forbids it. */
    boolean mayVoteFor(NodeId candidate, Message.RequestVote request) {
        NodeId votedFor = votedFor();
        return mayVote()
                && (request.leaderTransfer() || !leases.isPledged())
                && (votedFor == null || votedFor.equals(candidate))
                && request.lastLog().isAtLeastAsUpToDateAs(log.last());
    }

    void voteFor(NodeId candidate) {
        hardState = new HardState(currentTerm(), candidate);
    }

    Timers timers() {
        return timers;
    }

    void commitTo(long index) {
        Check.that(index <= log.lastIndex(), "commit %d beyond %s", index, log.last());
        commitIndex = Math.max(commitIndex, index);
    }

    void start(SnapshotTask task) {
        outbox.task(task);
    }

    /** The log begins anew behind the snapshot, which is committed and, for its owner, applied. */
    void install(SnapshotReception whole) {
        Check.that(
                whole.lastIncluded.index() > commitIndex,
                "the snapshot up to %s is behind commitIndex %d",
                whole.lastIncluded,
                commitIndex);
        log.install(whole.lastIncluded);
        commitIndex = whole.lastIncluded.index();
        lastApplied = whole.lastIncluded.index();
        outbox.install(new Ready.Snapshot(whole.id, whole.lastIncluded));
    }

    void readConfirmed(long id, long readIndex) {
        outbox.read(new Ready.ReadState(id, readIndex));
    }

    /**
     * May leave before the write: an AppendEntries claims nothing about the sender's disk. Nor does an InstallSnapshot: what
     * it carries is durable at its sender, and committed.
     */
    void sendAtOnce(NodeId to, Message message) {
        outbox.message(new Envelope(self, directoryId, to, message));
    }

    void promise(NodeId to, Message message) {
        outbox.promise(new Envelope(self, directoryId, to, message));
    }

    /**
     * Tells a server that lives in the past which term it is; without that it would never catch up. The answer to an
     * AppendEntries bears this term and so tells nothing of the request: its sender may lead this term by now, count its
     * rounds from 0 again, and must not take the round of a term that is over for one that confirms its reads.
     */
    private void rejectStale(NodeId from, Message message) {
        if (message instanceof Message.AppendEntries) {
            promise(from, new Message.AppendEntriesReply(currentTerm(), false, 0, 0, EntryId.NONE, 0));
        } else if (message instanceof Message.RequestVote vote) {
            votesSeen.decided(from, vote, Vote.Verdict.OLD_TERM);
            promise(from, new Message.RequestVoteReply(currentTerm(), false));
        } else if (message instanceof Message.InstallSnapshot) {
            promise(from, new Message.InstallSnapshotReply(currentTerm(), 0, false, 0, 0));
        }
    }
}

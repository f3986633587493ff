package io.balsa.raft;

import org.jspecify.annotations.Nullable;

/** Answers candidates and leaders, and calls an election when it hears from neither (§5.2). */
final class Follower extends Role {
    private @Nullable NodeId leader;
    private int ticksUntilElection;
    private int ticksSinceLeader;
    private boolean leaderLost;
    private boolean deferred;
    private boolean votedThisTurn;
    private boolean justFormed;

    Follower(Raft raft, @Nullable NodeId leader) {
        super(raft);
        this.leader = leader;
        this.ticksUntilElection = raft.timers().electionTicks();
    }

    @Override
    String title() {
        return "follower";
    }

    @Override
    @Nullable
    NodeId leader() {
        return leader;
    }

    @Override
    boolean hasLiveLeader() {
        return leader != null
                && !leaderLost
                && ticksSinceLeader < raft.timers().patience().electionTicksMin();
    }

    /** If all that is known of it is that it is silent. */
    @Override
    void suspectLeader() {
        if (leader != null && !leaderLost && !hasLiveLeader()) {
            raft.timers().patience().suspects(leader);
        }
    }

    @Override
    void tick() {
        ticksSinceLeader++;
        boolean pledged = raft.leases().isPledged();
        if (!pledged || !leaderLost) {
            ticksUntilElection--; // Of those that see it end, each has its turn after the pledge.
        }
        if (ticksUntilElection <= 0 && !raft.mayCampaign()) {
            ticksUntilElection = raft.timers().electionTicks();
            if (leader != null) {
                raft.becomeFollower(raft.currentTerm(), null, Transition.Trigger.ELECTION_TIMEOUT);
            }
        } else if (ticksUntilElection <= 0 && !pledged) {
            raft.poll(
                    leaderLost
                            ? Transition.Trigger.CONNECTION_CLOSED
                            : justFormed ? Transition.Trigger.FORMED : Transition.Trigger.ELECTION_TIMEOUT);
        }
    }

    /**
     * A hint that the leader's process is gone: do not wait for the timeout. Every follower gets it at about the same
     * moment, so they take turns. If the leader lives, the others refuse the pre-vote, and its next heartbeat ends it.
     */
    @Override
    void connectionClosed(NodeId peer) {
        if (peer.equals(leader)) {
            leaderLost = true;
            deferred = false;
            int turn = raft.membership().rankWithout(peer, raft.self())
                    * raft.config().staggerTicks();
            ticksUntilElection = Math.min(ticksUntilElection, 1 + turn);
        }
    }

    /**
     * A new cluster has no leader to wait for. Its servers learn within some ticks of each other that they are complete, so the
     * first of them leaves the others as much time and goes first, and each of the others has a turn if nothing comes of it.
     */
    @Override
    void formed() {
        justFormed = leader == null && raft.currentTerm() == 0;
        if (justFormed) {
            int turn = raft.membership().rankWithout(raft.self(), raft.self())
                    * 2
                    * raft.config().heartbeatTicks();
            ticksUntilElection = Math.min(ticksUntilElection, 1 + raft.config().staggerTicks() + turn);
        }
    }

    /** The timer starts when the vote is durable: a slow disk must not turn a vote into a rival candidacy. */
    @Override
    void written() {
        if (votedThisTurn) {
            votedThisTurn = false;
            ticksUntilElection = raft.timers().electionTicks();
        }
    }

    /** Who noticed first that the leader is gone goes first, once: two that win their pre-votes split the votes. */
    @Override
    public void onPreVote(NodeId from, Message.PreVote request) {
        if (leaderLost && !deferred && wouldVoteFor(request)) {
            deferred = true;
            ticksUntilElection = Math.max(ticksUntilElection, raft.timers().rivalsTurnTicks());
        }
        super.onPreVote(from, request);
    }

    /** Grants at most one vote a term, first come first served, to a log no older than ours (§5.2, §5.4.1). */
    @Override
    public void onRequestVote(NodeId from, Message.RequestVote request) {
        boolean granted = raft.mayVoteFor(from, request);
        if (granted) {
            raft.voteFor(from);
            votedThisTurn = true;
            ticksUntilElection = raft.timers().electionTicks();
        }
        raft.votesSeen().decided(from, request, granted);
        raft.promise(from, new Message.RequestVoteReply(raft.currentTerm(), granted));
    }

    @Override
    public void onAppendEntries(NodeId from, Message.AppendEntries request) {
        heardFromLeader(from, request.term());
        long pledgeNanos = raft.leases().pledge();
        Digest digest = compared(request);
        RaftLog log = raft.log();
        EntryId prevLog = request.prevLog();
        if (!log.contains(prevLog)) {
            raft.promise(
                    from,
                    new Message.AppendEntriesReply(
                            raft.currentTerm(),
                            false,
                            0,
                            prevLog.index(),
                            log.lastNotAfter(prevLog),
                            request.round(),
                            pledgeNanos,
                            digest));
            return;
        }
        log.reconcile(request.entries(), raft.commitIndex());
        // Not our last index: what lies beyond these entries may still conflict with the leader's.
        long matchIndex = prevLog.index() + request.entries().size();
        raft.commitTo(Math.min(request.leaderCommit(), matchIndex));
        raft.promise(
                from,
                new Message.AppendEntriesReply(
                        raft.currentTerm(), true, matchIndex, 0, EntryId.NONE, request.round(), pledgeNanos, digest));
    }

    /** First what the majority says of the last answer, since the next question may bring about another one. */
    private Digest compared(Message.AppendEntries request) {
        raft.digests().agreed(raft.self(), request.agreed());
        raft.digests().asked(request.askedIndex());
        return raft.digests().answer();
    }

    private void heardFromLeader(NodeId from, long term) {
        Check.that(leader == null || leader.equals(from), "two leaders in term %d", term);
        if (leader == null) {
            leader = from;
            raft.note(Transition.Trigger.FOUND_LEADER);
        }
        leaderLost = false;
        ticksSinceLeader = 0;
        raft.timers().patience().heardFromLeader(term);
        ticksUntilElection = raft.timers().electionTicks();
    }

    @Override
    public void onInstallSnapshot(NodeId from, Message.InstallSnapshot request) {
        heardFromLeader(from, request.term());
        if (hasAlready(request.transferId(), request.lastIncluded())) {
            return;
        }
        SnapshotReception reception = raft.snapshotResults().reception();
        int order = reception == null ? 1 : request.transferId().compareTo(reception.id);
        if (order > 0 && request.offset() == 0) {
            reception = new SnapshotReception(request.transferId(), request.lastIncluded());
            raft.snapshotResults().receive(reception);
        } else if (order > 0) {
            replyTo(request.transferId(), false, 0, 0); // Its beginning was lost, with this process perhaps.
            return;
        } else if (reception == null || order < 0) {
            return; // Of a transfer that is over.
        }
        if (reception.take(request)) {
            raft.start(new SnapshotTask.Store(request)); // The answer follows when it is stored.
        } else {
            replyTo(reception.id, true, reception.storedOffset(), 0);
        }
    }

    /**
     * What a snapshot holds is committed. A server that has its last entry has all of it (Log Matching), and keeps what
     * follows that entry: it may have acknowledged it (§7). One that has committed as much must not go back.
     */
    private boolean hasAlready(TransferId transfer, EntryId lastIncluded) {
        if (lastIncluded.index() > raft.commitIndex() && !raft.log().contains(lastIncluded)) {
            return false;
        }
        raft.commitTo(lastIncluded.index());
        replyTo(transfer, true, 0, lastIncluded.index());
        return true;
    }

    /** A chunk is stored, or the whole snapshot is. */
    void snapshotStored(SnapshotReception reception, boolean whole) {
        if (!whole) {
            replyTo(reception.id, true, reception.storedOffset(), 0);
        } else if (!hasAlready(reception.id, reception.lastIncluded)) {
            raft.install(reception);
            replyTo(reception.id, true, reception.storedOffset(), reception.lastIncluded.index());
        }
    }

    void snapshotRefused(TransferId transfer) {
        replyTo(transfer, false, 0, 0);
    }

    private void replyTo(TransferId transfer, boolean accepted, long offset, long matchIndex) {
        if (leader != null) {
            raft.promise(
                    leader,
                    new Message.InstallSnapshotReply(
                            raft.currentTerm(), transfer.number(), accepted, offset, matchIndex));
        }
    }

    @Override
    public void onReadIndexReply(NodeId from, Message.ReadIndexReply reply) {
        if (from.equals(leader)) {
            raft.readConfirmed(reply.id(), reply.readIndex());
        }
    }

    /** No pre-vote: the leader itself wants this (thesis §3.10). */
    @Override
    public void onTimeoutNow(NodeId from, Message.TimeoutNow request) {
        if (from.equals(leader) && raft.mayCampaign()) {
            raft.campaign(Transition.Trigger.LEADER_TRANSFER);
        }
    }
}

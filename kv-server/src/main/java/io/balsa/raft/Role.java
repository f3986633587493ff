package io.balsa.raft;

import org.jspecify.annotations.Nullable;

/** What a server is in the current term: its part of "Rules for Servers", Figure 2. */
abstract sealed class Role implements Message.Handler permits Follower, PreCandidate, Candidate, Leader {
    final Raft raft;

    Role(Raft raft) {
        this.raft = raft;
    }

    abstract String title();

    abstract void tick();

    /** The leader of the current term, as far as this server knows. */
    @Nullable
    NodeId leader() {
        return null;
    }

    /** A live leader makes a server deaf to candidates, so that nobody disturbs a working cluster (thesis §4.2.3). */
    boolean hasLiveLeader() {
        return false;
    }

    /** This server is about to help to replace its leader, if it has one. */
    void suspectLeader() {}

    void connectionClosed(NodeId peer) {
        // Only a follower's leader matters.
    }

    /** The cluster's servers have just met. */
    void formed() {
        // Only a follower waits for an election.
    }

    /** The last {@link Ready} is durable. */
    void written() {}

    /** Pre-votes promise nothing, so any number may be granted (thesis §9.6). */
    @Override
    public void onPreVote(NodeId from, Message.PreVote request) {
        boolean granted = raft.mayVote() && wouldVoteFor(request);
        raft.votesSeen().decided(from, request, granted);
        raft.promise(from, new Message.PreVoteReply(granted ? request.term() : raft.currentTerm(), granted));
    }

    final boolean wouldVoteFor(Message.PreVote request) {
        return request.term() > raft.currentTerm()
                && !raft.hasLiveLeader()
                && request.lastLog().isAtLeastAsUpToDateAs(raft.log().last());
    }

    @Override
    public void onPreVoteReply(NodeId from, Message.PreVoteReply reply) {
        // A late answer, from a poll that is over.
    }

    /** A candidate voted for itself, and so did a leader. */
    @Override
    public void onRequestVote(NodeId from, Message.RequestVote request) {
        raft.votesSeen().decided(from, request, false);
        raft.promise(from, new Message.RequestVoteReply(raft.currentTerm(), false));
    }

    @Override
    public void onRequestVoteReply(NodeId from, Message.RequestVoteReply reply) {
        // A late vote, from an election that is over.
    }

    /** The election of this term is decided: follow (§5.2). */
    @Override
    public void onAppendEntries(NodeId from, Message.AppendEntries request) {
        raft.becomeFollower(request.term(), from, Transition.Trigger.FOUND_LEADER)
                .onAppendEntries(from, request);
    }

    @Override
    public void onAppendEntriesReply(NodeId from, Message.AppendEntriesReply reply) {
        // A late answer, to a leader that stepped down.
    }

    /** The election of this term is decided: follow (§5.2). */
    @Override
    public void onInstallSnapshot(NodeId from, Message.InstallSnapshot request) {
        raft.becomeFollower(request.term(), from, Transition.Trigger.FOUND_LEADER)
                .onInstallSnapshot(from, request);
    }

    @Override
    public void onInstallSnapshotReply(NodeId from, Message.InstallSnapshotReply reply) {
        // A late answer, to a leader that stepped down.
    }

    @Override
    public void onReadIndex(NodeId from, Message.ReadIndex request) {
        // Asked the wrong server; it asks again when it knows better.
    }

    @Override
    public void onReadIndexReply(NodeId from, Message.ReadIndexReply reply) {
        // Late: this server follows nobody now.
    }

    @Override
    public void onTimeoutNow(NodeId from, Message.TimeoutNow request) {
        // Only a follower can take over from its leader.
    }
}

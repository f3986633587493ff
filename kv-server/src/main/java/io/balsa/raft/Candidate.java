package io.balsa.raft;

import java.util.TreeSet;

/** Gathers votes until it wins, another server wins, or time runs out (§5.2). */
final class Candidate extends Role {
    private final TreeSet<NodeId> votes = new TreeSet<>();
    private final TreeSet<NodeId> refusals = new TreeSet<>();
    private int ticksUntilNextElection;

    Candidate(Raft raft) {
        super(raft);
        ticksUntilNextElection = raft.timers().electionTicks();
    }

    @Override
    String title() {
        return "candidate";
    }

    @Override
    void tick() {
        ticksUntilNextElection--;
        if (ticksUntilNextElection <= 0) {
            raft.poll(Transition.Trigger.ELECTION_TIMEOUT);
        }
    }

    /** Its vote for itself is durable now, and counts. */
    @Override
    void written() {
        count(raft.self());
    }

    @Override
    public void onRequestVoteReply(NodeId from, Message.RequestVoteReply reply) {
        raft.votesSeen().answered(from, reply.term(), false, reply.voteGranted());
        if (reply.voteGranted()) {
            count(from);
            return;
        }
        refusals.add(from);
        startOverIfLost();
    }

    @Override
    void connectionClosed(NodeId peer) {
        startOverIfLost();
    }

    private void startOverIfLost() {
        long mayStillVote = raft.membership().voters().stream()
                .filter(voter -> votes.contains(voter) || !(refusals.contains(voter) || raft.isSilent(voter)))
                .count();
        if (!refusals.isEmpty() && mayStillVote < raft.membership().majority()) {
            // Lost: start over soon, at a random moment, and let the pre-vote decide. Not at the first refusal: votes
            // that elect may be on their way, and on a slow network rivals would give up in turns for ever.
            int soon = 1 + raft.timers().ticksBelow(2 * raft.config().heartbeatTicks());
            ticksUntilNextElection = Math.min(ticksUntilNextElection, soon);
        }
    }

    private void count(NodeId voter) {
        votes.add(voter);
        if (raft.membership().isMajority(votes)) {
            raft.becomeLeader();
        }
    }
}

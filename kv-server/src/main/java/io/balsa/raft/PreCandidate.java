package io.balsa.raft;

import java.util.TreeSet;

/** Asks whether it could win an election, before it disturbs anyone with a new term (thesis §9.6). */
final class PreCandidate extends Role {
    private final TreeSet<NodeId> votes = new TreeSet<>();
    private int ticksUntilNextPoll;

    PreCandidate(Raft raft) {
        super(raft);
    }

    /** Asks everyone; again after a heartbeat's time, since the others may notice the leader's end a little later. */
    void poll() {
        ticksUntilNextPoll =
                raft.config().heartbeatTicks() + raft.randomTicks(raft.config().heartbeatTicks());
        votes.clear();
        Message.PreVote request =
                new Message.PreVote(raft.currentTerm() + 1, raft.log().last());
        raft.peers().forEach(peer -> raft.promise(peer, request));
        count(raft.self());
    }

    @Override
    String title() {
        return "pre-candidate";
    }

    @Override
    void tick() {
        ticksUntilNextPoll--;
        if (ticksUntilNextPoll <= 0) {
            poll();
        }
    }

    @Override
    public void onPreVoteReply(NodeId from, Message.PreVoteReply reply) {
        if (reply.voteGranted()) {
            if (reply.term() == raft.currentTerm() + 1) {
                count(from);
            }
        } else if (reply.term() > raft.currentTerm()) {
            raft.becomeFollower(reply.term(), null, Transition.Trigger.HIGHER_TERM);
        }
    }

    /** Its vote of this term may still be free: a poll is no candidacy. */
    @Override
    public void onRequestVote(NodeId from, Message.RequestVote request) {
        if (raft.mayVoteFor(from, request.lastLog())) {
            raft.becomeFollower(request.term(), null, Transition.Trigger.VOTED).onRequestVote(from, request);
        } else {
            super.onRequestVote(from, request);
        }
    }

    private void count(NodeId voter) {
        votes.add(voter);
        if (votes.size() >= raft.membership().majority()) {
            raft.campaign(Transition.Trigger.PRE_VOTE_WON);
        }
    }
}

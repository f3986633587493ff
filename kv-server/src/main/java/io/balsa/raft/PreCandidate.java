package io.balsa.raft;

import java.util.TreeSet;

/** Asks whether it could win an election, before it disturbs anyone with a new term (thesis §9.6). */
final class PreCandidate extends Role {
    private final TreeSet<NodeId> votes = new TreeSet<>();
    private int ticksUntilNextPoll;
    private int patienceTicks;
    private boolean mayYield;
    private boolean yields;

    /** {@code leaderClosed}: the leader's connection closed, which others notice at about the same moment. */
    PreCandidate(Raft raft, boolean leaderClosed) {
        super(raft);
        int heartbeatTicks = raft.config().heartbeatTicks();
        patienceTicks = leaderClosed ? Math.min(2 * raft.config().staggerTicks(), heartbeatTicks) : heartbeatTicks;
        mayYield = leaderClosed;
    }

    /**
     * Asks everyone; again after a heartbeat's time, and sooner at first when the leader's connection closed, since the
     * others may notice its end a little later.
     */
    void poll() {
        ticksUntilNextPoll = patienceTicks + raft.timers().ticksBelow(patienceTicks);
        patienceTicks = Math.min(2 * patienceTicks, raft.config().heartbeatTicks());
        yields = false;
        votes.clear();
        Message.PreVote request =
                new Message.PreVote(raft.currentTerm() + 1, raft.log().last());
        raft.peers().forEach(peer -> raft.ask(peer, request, true));
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

    /**
     * Of two that ask at the same moment the one with the further log, or the smaller id, goes first: if both won, they
     * would split the votes and wait for an election timeout. The other asks again soon, and yields only once: under a
     * partial partition it may be the only one that can win.
     */
    @Override
    public void onPreVote(NodeId from, Message.PreVote request) {
        super.onPreVote(from, request);
        EntryId last = raft.log().last();
        boolean further = !last.isAtLeastAsUpToDateAs(request.lastLog());
        boolean asFar = request.lastLog().equals(last) && from.compareTo(raft.self()) < 0;
        if (mayYield && request.term() > raft.currentTerm() && (further || asFar)) {
            yields = true;
            mayYield = false;
            ticksUntilNextPoll = raft.timers().rivalsTurnTicks();
        }
    }

    @Override
    public void onPreVoteReply(NodeId from, Message.PreVoteReply reply) {
        raft.votesSeen()
                .answered(from, reply.voteGranted() ? reply.term() : raft.currentTerm() + 1, true, reply.voteGranted());
        if (reply.voteGranted()) {
            if (reply.term() == raft.currentTerm() + 1 && !yields) {
                count(from);
            }
        } else if (reply.term() > raft.currentTerm()) {
            raft.becomeFollower(reply.term(), null, Transition.Trigger.HIGHER_TERM);
        }
    }

    /** Its vote of this term may still be free: a poll is no candidacy. */
    @Override
    public void onRequestVote(NodeId from, Message.RequestVote request) {
        if (raft.mayVoteFor(from, request)) {
            raft.becomeFollower(request.term(), null, Transition.Trigger.VOTED).onRequestVote(from, request);
        } else {
            super.onRequestVote(from, request);
        }
    }

    private void count(NodeId voter) {
        votes.add(voter);
        if (raft.membership().isMajority(votes)) {
            raft.campaign(Transition.Trigger.PRE_VOTE_WON);
        }
    }
}

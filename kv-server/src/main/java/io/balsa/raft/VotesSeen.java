package io.balsa.raft;

import java.util.ArrayList;
import java.util.List;

/** The votes that a server asked for, decided on or was answered since the last turn; see {@link Vote}. */
final class VotesSeen {
    private final Raft raft;
    private List<Vote> seen = new ArrayList<>();

    VotesSeen(Raft raft) {
        this.raft = raft;
    }

    void asked(NodeId voter, long term, boolean preVote) {
        seen.add(new Vote(term, raft.self(), voter, preVote, Vote.Verdict.ASKED));
    }

    /** What a voter answered to this server. */
    void answered(NodeId voter, long term, boolean preVote, boolean granted) {
        Vote.Verdict verdict = granted ? Vote.Verdict.GRANTED : Vote.Verdict.REFUSED;
        seen.add(new Vote(term, raft.self(), voter, preVote, verdict));
    }

    /** This server's decision; when it refuses, for the reason that its state gives. */
    void decided(NodeId candidate, Message.PreVote request, boolean granted) {
        Vote.Verdict verdict = granted
                ? Vote.Verdict.GRANTED
                : request.term() <= raft.currentTerm()
                        ? Vote.Verdict.OLD_TERM
                        : raft.hasLiveLeader() ? Vote.Verdict.LEADER_ALIVE : Vote.Verdict.LOG_BEHIND;
        seen.add(new Vote(request.term(), candidate, raft.self(), true, verdict));
    }

    /** The same for a vote. */
    void decided(NodeId candidate, Message.RequestVote request, boolean granted) {
        NodeId votedFor = raft.votedFor();
        decided(
                candidate,
                request,
                granted
                        ? Vote.Verdict.GRANTED
                        : votedFor != null && !votedFor.equals(candidate)
                                ? Vote.Verdict.VOTED_ALREADY
                                : Vote.Verdict.LOG_BEHIND);
    }

    void decided(NodeId candidate, Message.RequestVote request, Vote.Verdict verdict) {
        seen.add(new Vote(request.term(), candidate, raft.self(), false, verdict));
    }

    boolean isEmpty() {
        return seen.isEmpty();
    }

    List<Vote> take() {
        List<Vote> taken = seen;
        seen = new ArrayList<>();
        return taken;
    }
}

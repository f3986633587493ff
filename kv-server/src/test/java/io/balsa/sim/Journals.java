package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.node.Election;
import io.balsa.node.ElectionJournal;
import io.balsa.node.NodeStatus;
import io.balsa.raft.NodeId;
import io.balsa.raft.Vote;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the servers' journals of elections say, held against what happened. */
final class Journals {
    private Journals() {}

    /** One server's journal at the end, when all is calm. */
    static void check(int servers, Map<Long, NodeId> leaderOfTerm, NodeStatus status, List<Election> elections) {
        Election last = null;
        for (Election election : elections) {
            if (election.leader() != null) {
                last = election;
                winner(servers, leaderOfTerm.get(election.term()), election);
            }
            ownVotes(election);
        }
        unless(
                last != null
                        && last.term() == status.term()
                        && Objects.equals(last.leader(), status.leader())
                        && elections.size() <= ElectionJournal.KEPT + 1,
                "JournalIsComplete",
                "%s leads term %d; the journal of %s ends with %s",
                status.leader(),
                status.term(),
                status.id(),
                last);
    }

    /** Nobody is said to have won who did not, and whoever says so of itself was voted for by a majority. */
    private static void winner(int servers, @Nullable NodeId leader, Election election) {
        unless(Objects.equals(leader, election.leader()), "JournalIsTrue", "%s won, not as in %s", leader, election);
        TreeSet<NodeId> voters = new TreeSet<>();
        for (Vote vote : election.votes()) {
            if (vote.candidate().equals(election.leader()) && isGranted(vote)) {
                voters.add(vote.voter());
            }
        }
        unless(
                !election.node().equals(election.leader()) || voters.size() > servers / 2,
                "JournalIsTrue",
                "a leader with too few votes: %s",
                election);
    }

    /** One vote a term. */
    private static void ownVotes(Election election) {
        TreeSet<NodeId> candidates = new TreeSet<>();
        for (Vote vote : election.votes()) {
            unless(vote.term() == election.term(), "JournalIsTrue", "a vote of another term: %s", election);
            if (vote.voter().equals(election.node()) && isGranted(vote)) {
                candidates.add(vote.candidate());
            }
        }
        unless(candidates.size() <= 1, "JournalIsTrue", "two votes in one term: %s", election);
    }

    private static boolean isGranted(Vote vote) {
        return !vote.preVote() && vote.verdict() == Vote.Verdict.GRANTED;
    }
}

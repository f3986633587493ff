package io.balsa.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.raft.NodeId;
import io.balsa.raft.Transition;
import io.balsa.raft.Vote;
import io.balsa.raft.Vote.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a server's journal keeps of elections, and how their stories are told. */
class ElectionJournalTest {
    private static final NodeId N1 = new NodeId(1);
    private static final NodeId N2 = new NodeId(2);
    private static final NodeId N3 = new NodeId(3);

    private long nowMillis = 10_000;

    /** One server's journal under the test's clock. */
    private final class Server {
        final NodeId id;
        final Gaps pauses = new Gaps();
        final Gaps commits = new Gaps();
        final TreeMap<Long, Election> saved = new TreeMap<>();
        ElectionJournal journal;

        Server(NodeId id) {
            this.id = id;
            this.journal = start();
        }

        ElectionJournal start() {
            journal = new ElectionJournal(
                    id,
                    Timeouts.LAN,
                    List.copyOf(saved.values()),
                    () -> nowMillis * 1_000_000,
                    () -> nowMillis,
                    pauses,
                    commits,
                    (election, amended) -> saved.put(election.number(), election));
            return journal;
        }

        void becomes(long term, String role, @Nullable NodeId leader, Transition.Trigger trigger) {
            journal.transition(new Transition(term, role, leader, trigger));
        }

        void follows(NodeId leader, long term) {
            becomes(term, "follower", null, Transition.Trigger.HIGHER_TERM);
            becomes(term, "follower", leader, Transition.Trigger.FOUND_LEADER);
        }

        void wins(long term, NodeId voter) {
            becomes(term, "candidate", null, Transition.Trigger.PRE_VOTE_WON);
            journal.vote(new Vote(term, id, voter, false, Verdict.ASKED));
            journal.vote(new Vote(term, id, voter, false, Verdict.GRANTED));
            becomes(term, "leader", id, Transition.Trigger.ELECTION_WON);
        }

        void asks(long term, Transition.Trigger trigger, NodeId... voters) {
            becomes(term - 1, "pre-candidate", null, trigger);
            for (NodeId voter : voters) {
                journal.vote(new Vote(term, id, voter, true, Verdict.ASKED));
            }
        }

        Election last() {
            List<Election> all = journal.elections();
            return all.get(all.size() - 1);
        }
    }

    private final Server n1 = new Server(N1);
    private final Server n2 = new Server(N2);
    private final Server n3 = new Server(N3);

    /** n1 leads term 7. */
    private void calm() {
        n1.asks(7, Transition.Trigger.ELECTION_TIMEOUT, N2, N3);
        n1.wins(7, N2);
        n2.follows(N1, 7);
        n3.follows(N1, 7);
        pass(5_000);
        n2.journal.heardFromLeader();
        n3.journal.heardFromLeader();
    }

    private void pass(long millis) {
        nowMillis += millis;
        for (Server server : List.of(n1, n2, n3)) {
            server.journal.turn();
        }
    }

    private String story(long term, Server... servers) {
        List<Election> known = new ArrayList<>();
        Arrays.stream(servers).forEach(server -> known.addAll(server.journal.elections()));
        return ElectionStory.byTerm(known).values().stream()
                .filter(story -> story.term() == term)
                .map(ElectionStory::sentence)
                .findAny()
                .orElseThrow();
    }

    private void n2TakesOver(Transition.Trigger trigger) {
        n2.asks(8, trigger, N1, N3);
        n2.wins(8, N3);
        n3.journal.vote(new Vote(8, N2, N3, false, Verdict.GRANTED));
        n3.follows(N2, 8);
    }

    @Test
    void aPausedLeaderIsFoundOutByItsOwnWatch() {
        calm();
        nowMillis += 187;
        n2TakesOver(Transition.Trigger.ELECTION_TIMEOUT);
        nowMillis += 225;
        n1.pauses.add(nowMillis * 1_000_000, 412_000_000);
        n1.follows(N2, 8);
        assertThat(story(8, n1, n2, n3))
                .isEqualTo("n2 took over from n1 in term 8: n1's process was paused for 412 ms; n3 voted for it;"
                        + " 187 ms without a leader.");
        assertThat(n1.last().trigger()).isEqualTo(Election.Trigger.PAUSE);
        assertThat(n2.last().heartbeatAgeMillis()).isEqualTo(187);
        assertThat(n2.last().outcome()).isEqualTo("won");
        assertThat(story(8, n2, n3))
                .as("without n1's own word")
                .startsWith("n2 took over from n1 in term 8: n2 had heard nothing from n1 for 187 ms; n3 voted");
    }

    @Test
    void aStalledDiskAClosedConnectionATransferAndALostMajorityAreToldApart() {
        calm();
        nowMillis += 200;
        n2TakesOver(Transition.Trigger.CONNECTION_CLOSED);
        assertThat(story(8, n2, n3)).contains("n1's process closed its connection; n3 voted for it");
        n1.commits.add(nowMillis * 1_000_000, 900_000_000);
        n1.follows(N2, 8);
        assertThat(story(8, n1, n2, n3)).contains("n1's disk took 900 ms for a commit");

        pass(1_000);
        n3.becomes(9, "candidate", null, Transition.Trigger.LEADER_TRANSFER);
        n3.becomes(9, "leader", N3, Transition.Trigger.ELECTION_WON);
        assertThat(story(9, n3)).contains("n3 took over from n2 in term 9: n2 handed its leadership over");

        pass(1_000);
        n3.becomes(9, "follower", null, Transition.Trigger.NO_MAJORITY_CONTACT);
        n3.becomes(10, "follower", N3, Transition.Trigger.FOUND_LEADER);
        assertThat(n3.last().trigger()).isEqualTo(Election.Trigger.CHECK_QUORUM);
    }

    @Test
    void anAttemptThatComesToNothingIsKeptOnceAndCounted() {
        calm();
        for (int i = 0; i < 3; i++) {
            n3.asks(8, Transition.Trigger.CONNECTION_CLOSED, N1, N2);
            n3.journal.vote(new Vote(8, N3, N1, true, Verdict.REFUSED));
            n1.journal.vote(new Vote(8, N3, N1, true, Verdict.LEADER_ALIVE));
            n3.becomes(7, "follower", N1, Transition.Trigger.FOUND_LEADER);
            pass(10_000);
        }
        Election attempt = n3.last();
        assertThat(attempt.leader()).isNull();
        assertThat(attempt.attempts()).isEqualTo(2);
        assertThat(n3.saved).hasSize(2);
        assertThat(story(8, n1, n3))
                .isEqualTo("Nobody is known to have won term 8: n1's process closed its connection;"
                        + " n1 refused, since it heard from a live leader (n3); n2 has not answered (n3).");
        n2TakesOver(Transition.Trigger.ELECTION_TIMEOUT);
        assertThat(n3.last().leader()).isEqualTo(N2);
        assertThat(n3.journal.elections()).hasSize(2);
    }

    @Test
    void aSplitVoteLeavesTwoTerms() {
        calm();
        n2.asks(8, Transition.Trigger.CONNECTION_CLOSED, N1, N3);
        n2.becomes(8, "candidate", null, Transition.Trigger.PRE_VOTE_WON);
        n2.journal.vote(new Vote(8, N2, N3, false, Verdict.ASKED));
        n2.journal.vote(new Vote(8, N2, N3, false, Verdict.REFUSED));
        n3.journal.vote(new Vote(8, N2, N3, false, Verdict.VOTED_ALREADY));
        n2.asks(9, Transition.Trigger.ELECTION_TIMEOUT, N1, N3);
        n2.wins(9, N3);
        assertThat(story(8, n2, n3))
                .contains("only n2 voted for n2; n3 refused, since it had voted for another server (n2)");
        assertThat(n2.last().trigger()).as("the root of it").isEqualTo(Election.Trigger.CONNECTION_CLOSED);
        assertThat(n2.last().previousLeader()).isEqualTo(N1);
    }

    /** Seed 42: the pre-vote for the next term came between winning the votes and becoming the leader. */
    @Test
    void aPreVoteForTheNextTermDoesNotEndAnElection() {
        n1.asks(5, Transition.Trigger.ELECTION_TIMEOUT, N2, N3);
        n1.becomes(5, "candidate", null, Transition.Trigger.PRE_VOTE_WON);
        n1.journal.vote(new Vote(6, N3, N1, true, Verdict.GRANTED));
        n1.journal.vote(new Vote(5, N1, N2, false, Verdict.GRANTED));
        n1.becomes(5, "leader", N1, Transition.Trigger.ELECTION_WON);
        assertThat(n1.journal.elections()).hasSize(1);
        assertThat(n1.journal.elections().get(0).votes())
                .contains(new Vote(5, N1, N1, false, Verdict.GRANTED), new Vote(5, N1, N2, false, Verdict.GRANTED));
        n1.becomes(6, "follower", null, Transition.Trigger.VOTED);
        assertThat(n1.journal.elections().get(1).votes()).contains(new Vote(6, N3, N1, true, Verdict.GRANTED));
    }

    /** Seed 42, too: the voter's own pre-vote had begun when the request came a second time. */
    @Test
    void aVoteThatWasGivenStaysGiven() {
        n1.becomes(5, "candidate", null, Transition.Trigger.PRE_VOTE_WON);
        n1.journal.vote(new Vote(5, N1, N2, false, Verdict.GRANTED));
        n1.journal.vote(new Vote(5, N1, N2, false, Verdict.REFUSED));
        assertThat(n1.last().votes()).contains(new Vote(5, N1, N2, false, Verdict.GRANTED));
    }

    /** Seed 137: after a pause a turn brought the vote that won, and two later terms. */
    @Test
    void aVoteIsKeptThoughLaterTermsCameInTheSameTurn() {
        n1.becomes(5, "candidate", null, Transition.Trigger.PRE_VOTE_WON);
        n1.becomes(5, "leader", N1, Transition.Trigger.ELECTION_WON);
        n1.becomes(6, "follower", null, Transition.Trigger.HIGHER_TERM);
        n1.becomes(7, "follower", null, Transition.Trigger.HIGHER_TERM);
        n1.journal.vote(new Vote(5, N1, N2, false, Verdict.GRANTED));
        assertThat(n1.journal.elections()).extracting(Election::term).containsExactly(5L, 6L, 7L);
        assertThat(n1.journal.elections().get(0).votes()).contains(new Vote(5, N1, N2, false, Verdict.GRANTED));
        assertThat(n1.saved.get(1L)).isEqualTo(n1.journal.elections().get(0));
    }

    /** Seed 357: it had only heard of term 6 when it stood for term 5 and won. */
    @Test
    void aPreVoteForALaterTermDoesNotHideAnElection() {
        n1.journal.vote(new Vote(6, N3, N1, true, Verdict.GRANTED));
        n1.wins(5, N2);
        assertThat(n1.last().term()).isEqualTo(5);
        assertThat(n1.last().votes())
                .contains(new Vote(5, N1, N1, false, Verdict.GRANTED), new Vote(5, N1, N2, false, Verdict.GRANTED));
        n1.becomes(6, "follower", null, Transition.Trigger.VOTED);
        assertThat(n1.last().votes()).containsExactly(new Vote(6, N3, N1, true, Verdict.GRANTED));
        assertThat(n1.journal.elections()).extracting(Election::number).containsExactly(1L, 2L);
    }

    @Test
    void aRestartGoesOnFromWhatWasKept() {
        calm();
        pass(1_000);
        int kept = n2.saved.size();
        n2.start();
        n2.becomes(7, "follower", null, Transition.Trigger.STARTED);
        n2.becomes(7, "follower", N1, Transition.Trigger.FOUND_LEADER);
        assertThat(n2.journal.elections()).hasSize(kept);
        n2TakesOver(Transition.Trigger.ELECTION_TIMEOUT);
        assertThat(n2.last().number()).isEqualTo(kept + 1);
        assertThat(n2.last().previousLeader()).isEqualTo(N1);
    }

    @Test
    void theLastThousandAreKept() {
        for (int term = 1; term <= ElectionJournal.KEPT + 10; term++) {
            n1.wins(term, N2);
            pass(1_000);
        }
        assertThat(n1.journal.elections()).hasSize(ElectionJournal.KEPT);
        assertThat(n1.journal.elections().get(0).term()).isEqualTo(11);
    }

    @Test
    void electionsComeBackAsTheyWereWritten() {
        calm();
        n2TakesOver(Transition.Trigger.ELECTION_TIMEOUT);
        List<Election> elections = n2.journal.elections();
        byte[] bytes = ElectionCodec.encode(elections);
        assertThat(ElectionCodec.decode(bytes)).isEqualTo(elections);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> ElectionCodec.decode(cut)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> ElectionCodec.decode(Arrays.copyOf(bytes, bytes.length + 1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

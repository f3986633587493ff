package io.balsa.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The paper's rules, section by section, each in our own words: on the core alone, through what its owner may call. */
class RaftPaperTest {
    private static final EntryId EMPTY = EntryId.NONE;
    private static final int ELECTION_TICKS = TestCluster.CONFIG.electionTicksMin();

    private static Message.AppendEntries heartbeat(long term) {
        return new Message.AppendEntries(term, EMPTY, List.of(), 0, 0);
    }

    private static LogEntry entry(long index, long term) {
        return new LogEntry(index, term, TestCluster.command("t" + term));
    }

    private static List<Message> sentTo(TestCluster cluster, int to) {
        return cluster.inFlight().stream()
                .filter(envelope -> envelope.to().equals(new NodeId(to)))
                .map(Envelope::message)
                .toList();
    }

    // §5.1: terms.

    @ParameterizedTest
    @ValueSource(strings = {"follower", "candidate", "leader"})
    @DisplayName("§5.1 whoever sees a higher term takes it over and follows")
    void aHigherTermMakesAFollower(String role) {
        TestCluster cluster = new TestCluster(3);
        if (role.equals("leader")) {
            cluster.elect(1);
        } else if (role.equals("candidate")) {
            cluster.tick(1, ELECTION_TICKS);
            cluster.step(2, 1, new Message.PreVoteReply(1, true));
        }
        assertThat(cluster.raft(1).role()).isEqualTo(role);
        cluster.step(2, 1, heartbeat(7));
        assertThat(cluster.raft(1).role()).isEqualTo("follower");
        assertThat(cluster.raft(1).currentTerm()).isEqualTo(7);
        assertThat(cluster.server(1).disk.hardState()).isEqualTo(new HardState(7, null));
    }

    @Test
    @DisplayName("§5.1 a request of an older term is refused, with the term that its sender must know")
    void aRequestOfAnOlderTermIsRefused() {
        TestCluster cluster = new TestCluster(3);
        cluster.step(2, 1, heartbeat(5));
        cluster.drop(envelope -> true);
        cluster.step(3, 1, new Message.RequestVote(4, new EntryId(9, 4), false));
        cluster.step(3, 1, new Message.AppendEntries(4, EMPTY, List.of(entry(1, 4)), 1, 8));
        assertThat(sentTo(cluster, 3))
                .containsExactly(
                        new Message.RequestVoteReply(5, false),
                        new Message.AppendEntriesReply(5, false, 0, 0, EMPTY, 0));
        assertThat(cluster.server(1).disk.entries()).isEmpty();
        assertThat(cluster.raft(1).leader()).isEqualTo(new NodeId(2));
    }

    // §5.2: elections.

    @Test
    @DisplayName("§5.2 a leader's heartbeats keep its followers from calling an election")
    void heartbeatsPreventElections() {
        TestCluster cluster = new TestCluster(3);
        cluster.elect(1);
        cluster.run(20 * ELECTION_TICKS);
        assertThat(cluster.leaders()).containsExactly(1);
        assertThat(cluster.raft(1).currentTerm()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"1, 0, true", "3, 0, false", "3, 1, true", "5, 1, false", "5, 2, true", "4, 1, false", "4, 2, true"})
    @DisplayName("§5.2 a candidate votes for itself and wins with the votes of a majority")
    void aMajorityElects(int servers, int votes, boolean wins) {
        TestCluster cluster = new TestCluster(servers);
        cluster.tick(1, ELECTION_TICKS);
        for (int voter = 2; voter <= servers; voter++) {
            cluster.step(voter, 1, new Message.PreVoteReply(1, true));
        }
        for (int voter = 2; voter < 2 + votes; voter++) {
            cluster.step(voter, 1, new Message.RequestVoteReply(1, true));
        }
        assertThat(cluster.raft(1).isLeader()).isEqualTo(wins);
        assertThat(cluster.server(1).disk.hardState()).isEqualTo(new HardState(1, new NodeId(1)));
    }

    @Test
    @DisplayName("§5.2 the same vote twice counts once")
    void aRepeatedVoteCountsOnce() {
        TestCluster cluster = new TestCluster(5);
        cluster.tick(1, ELECTION_TICKS);
        cluster.step(2, 1, new Message.PreVoteReply(1, true));
        cluster.step(2, 1, new Message.PreVoteReply(1, true));
        assertThat(cluster.raft(1).role()).isEqualTo("pre-candidate");
        cluster.step(3, 1, new Message.PreVoteReply(1, true));
        cluster.step(2, 1, new Message.RequestVoteReply(1, true));
        cluster.step(2, 1, new Message.RequestVoteReply(1, true));
        assertThat(cluster.raft(1).role()).isEqualTo("candidate");
    }

    @Test
    @DisplayName("§5.2 one vote a term, first come first served, and never forgotten")
    void oneVoteATerm() {
        TestCluster cluster = new TestCluster(3);
        cluster.step(2, 1, new Message.RequestVote(1, EMPTY, false));
        cluster.step(3, 1, new Message.RequestVote(1, EMPTY, false));
        cluster.crash(1);
        cluster.restart(1);
        cluster.step(3, 1, new Message.RequestVote(1, EMPTY, false));
        cluster.step(2, 1, new Message.RequestVote(1, EMPTY, false));
        assertThat(sentTo(cluster, 2))
                .containsExactly(new Message.RequestVoteReply(1, true), new Message.RequestVoteReply(1, true));
        assertThat(sentTo(cluster, 3))
                .containsExactly(new Message.RequestVoteReply(1, false), new Message.RequestVoteReply(1, false));
    }

    @Test
    @DisplayName("§5.2 a candidate that hears from the leader of its term follows it")
    void aCandidateFollowsTheLeaderOfItsTerm() {
        TestCluster cluster = new TestCluster(3);
        cluster.tick(1, ELECTION_TICKS);
        cluster.step(2, 1, new Message.PreVoteReply(1, true));
        cluster.step(3, 1, heartbeat(1));
        assertThat(cluster.raft(1).leader()).isEqualTo(new NodeId(3));
        assertThat(cluster.raft(1).votedFor()).isEqualTo(new NodeId(1));
    }

    @Test
    @DisplayName("§5.2 one refusal loses nothing while a majority may still say yes")
    void aCandidateWaitsForTheVotesThatCanStillElectIt() {
        TestCluster cluster = new TestCluster(3);
        cluster.tick(1, ELECTION_TICKS);
        cluster.step(2, 1, new Message.PreVoteReply(1, true));
        cluster.step(2, 1, new Message.RequestVoteReply(1, false));
        cluster.tick(1, ELECTION_TICKS - 1);
        assertThat(cluster.raft(1).role()).isEqualTo("candidate");
        cluster.step(3, 1, new Message.RequestVoteReply(1, true));
        assertThat(cluster.raft(1).isLeader()).isTrue();
    }

    // §5.3: replication.

    @Test
    @DisplayName("§5.3 an entry is committed once a majority has it on disk, and the followers learn of it")
    void aMajorityCommits() {
        TestCluster cluster = new TestCluster(5);
        cluster.elect(1);
        cluster.propose(1, "x");
        cluster.deliver(envelope -> envelope.to().value() == 2);
        cluster.deliver(envelope -> envelope.to().value() == 1);
        assertThat(cluster.raft(1).commitIndex()).isEqualTo(1);
        cluster.deliver(envelope -> envelope.to().value() == 3);
        cluster.deliver(envelope -> envelope.to().value() == 1);
        assertThat(cluster.raft(1).commitIndex()).isEqualTo(2);
        cluster.run(TestCluster.CONFIG.heartbeatTicks());
        cluster.servers().forEach(server -> assertThat(server.applied).hasSize(2));
    }

    @Test
    @DisplayName("§5.3 a follower takes no entry whose predecessor it lacks, and replaces what conflicts")
    void theConsistencyCheck() {
        TestCluster cluster = new TestCluster(3);
        cluster.haveHistory(1, 2, 1, 1, 2);
        cluster.step(2, 1, new Message.AppendEntries(3, new EntryId(4, 3), List.of(entry(5, 3)), 0, 0));
        cluster.step(2, 1, new Message.AppendEntries(3, new EntryId(3, 3), List.of(entry(4, 3)), 0, 0));
        assertThat(TestCluster.terms(cluster.server(1).disk)).containsExactly(1L, 1L, 2L);
        cluster.step(2, 1, new Message.AppendEntries(3, new EntryId(2, 1), List.of(entry(3, 3)), 0, 0));
        assertThat(TestCluster.terms(cluster.server(1).disk)).containsExactly(1L, 1L, 3L);
    }

    @Test
    @DisplayName("§5.3 entries that are there already stay, and so do those behind them: the message may be a late one")
    void aLateAppendEntriesTruncatesNothing() {
        TestCluster cluster = new TestCluster(3);
        List<LogEntry> three = List.of(entry(1, 1), entry(2, 1), entry(3, 1));
        cluster.step(2, 1, new Message.AppendEntries(1, EMPTY, three, 0, 0));
        cluster.step(2, 1, new Message.AppendEntries(1, EMPTY, three.subList(0, 1), 0, 0));
        cluster.step(2, 1, heartbeat(1));
        assertThat(TestCluster.terms(cluster.server(1).disk)).containsExactly(1L, 1L, 1L);
    }

    @Test
    @DisplayName("§5.3 a follower commits no further than it has verified, whatever the leader has committed")
    void commitIndexStaysWithinTheVerifiedEntries() {
        TestCluster cluster = new TestCluster(3);
        cluster.haveHistory(1, 2, 1, 2, 2);
        cluster.step(2, 1, new Message.AppendEntries(3, new EntryId(1, 1), List.of(), 3, 0));
        assertThat(cluster.raft(1).commitIndex()).isEqualTo(1);
        assertThat(sentTo(cluster, 2)).containsExactly(new Message.AppendEntriesReply(3, true, 1, 0, EMPTY, 0));
    }

    @Test
    @DisplayName("§5.3 Figure 7: whatever the followers' logs, the leader makes them equal to its own")
    void figure7() {
        long[][] logs = {
            {1, 1, 1, 4, 4, 5, 5, 6, 6, 6}, // The leader of term 8.
            {1, 1, 1, 4, 4, 5, 5, 6, 6}, // (a)
            {1, 1, 1, 4}, // (b)
            {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6}, // (c)
            {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}, // (d)
            {1, 1, 1, 4, 4, 4, 4}, // (e)
            {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}, // (f)
        };
        TestCluster cluster = new TestCluster(7);
        for (int i = 0; i < logs.length; i++) {
            cluster.haveHistory(i + 1, 7, logs[i]);
        }
        cluster.elect(1); // By a, b, e, f and itself; c and d hold more than it does.
        assertThat(cluster.raft(1).currentTerm()).isEqualTo(8);
        cluster.run(2 * TestCluster.CONFIG.heartbeatTicks());
        List<LogEntry> expected = cluster.server(1).disk.entries();
        assertThat(TestCluster.terms(cluster.server(1).disk))
                .containsExactly(1L, 1L, 1L, 4L, 4L, 5L, 5L, 6L, 6L, 6L, 8L);
        for (TestCluster.Server server : cluster.servers()) {
            assertThat(server.disk.entries()).as(server.id + "'s log").isEqualTo(expected);
            assertThat(server.applied).as("applied by " + server.id).isEqualTo(expected);
        }
    }

    // §5.4: safety.

    @ParameterizedTest
    @CsvSource({
        "3, 2, 3, 2, true",
        "4, 2, 3, 2, true",
        "2, 2, 3, 2, false", // Equal last terms: the longer log.
        "1, 3, 9, 2, true",
        "9, 2, 1, 3, false", // Else the later last term, whatever the lengths.
        "0, 0, 0, 0, true",
        "0, 0, 1, 1, false"
    })
    @DisplayName("§5.4.1 a vote goes only to a log that is at least as up to date")
    void onlyAnUpToDateLogGetsAVote(long index, long term, int ownIndex, long ownTerm, boolean granted) {
        TestCluster cluster = new TestCluster(3);
        long[] terms = new long[ownIndex];
        Arrays.fill(terms, ownTerm);
        cluster.haveHistory(1, 4, terms);
        cluster.step(2, 1, new Message.PreVote(5, new EntryId(index, term)));
        cluster.step(2, 1, new Message.RequestVote(5, new EntryId(index, term), false));
        assertThat(sentTo(cluster, 2))
                .containsExactly(
                        new Message.PreVoteReply(granted ? 5 : 4, granted), new Message.RequestVoteReply(5, granted));
    }

    @Test
    @DisplayName("§5.4.2 Figure 8: an entry of an older term is not committed by counting its copies")
    void figure8() {
        TestCluster cluster = new TestCluster(5);
        // (a) Server 1 leads term 2, and its entry reaches server 2 alone. (b) Server 5 leads term 3 by the votes of 3
        // and 4, and writes an entry of its own. (c) Server 1 comes back as the leader of term 4.
        cluster.haveHistory(1, 3, 1, 2);
        cluster.haveHistory(2, 3, 1, 2);
        cluster.haveHistory(3, 3, 1);
        cluster.haveHistory(4, 3, 1);
        cluster.haveHistory(5, 3, 1, 3);
        cluster.crash(5);
        cluster.tick(1, ELECTION_TICKS);
        for (int voter = 2; voter <= 3; voter++) {
            cluster.step(voter, 1, new Message.PreVoteReply(4, true));
        }
        for (int voter = 2; voter <= 3; voter++) {
            cluster.step(voter, 1, new Message.RequestVoteReply(4, true));
        }
        cluster.drop(envelope -> true);
        // The entry of term 2 is now on servers 1, 2 and 3: a majority. The entry of term 4 is on server 1 alone.
        cluster.step(2, 1, new Message.AppendEntriesReply(4, true, 2, 0, EMPTY, 0));
        cluster.step(3, 1, new Message.AppendEntriesReply(4, true, 2, 0, EMPTY, 0));
        assertThat(cluster.raft(1).commitIndex()).isZero();
        // (e) Once the entry of term 4 is on a majority, both are committed.
        cluster.step(2, 1, new Message.AppendEntriesReply(4, true, 3, 0, EMPTY, 0));
        assertThat(cluster.raft(1).commitIndex()).isZero();
        cluster.step(3, 1, new Message.AppendEntriesReply(4, true, 3, 0, EMPTY, 0));
        assertThat(cluster.raft(1).commitIndex()).isEqualTo(3);
        assertThat(TestCluster.terms(cluster.server(1).disk)).containsExactly(1L, 2L, 4L);
    }

    // §5.5 and what must be on disk first.

    @Test
    @DisplayName("§5.5 requests may be repeated: a second delivery changes nothing")
    void everyMessageMayComeTwice() {
        TestCluster cluster = new TestCluster(3);
        cluster.elect(1);
        for (int i = 0; i < 20; i++) {
            cluster.propose(1, "x" + i);
            List<Envelope> twice = new ArrayList<>(cluster.inFlight());
            twice.addAll(cluster.inFlight());
            cluster.drop(envelope -> true);
            cluster.deliver(twice);
        }
        cluster.run(2 * TestCluster.CONFIG.heartbeatTicks());
        cluster.servers().forEach(server -> assertThat(server.applied).hasSize(21));
    }

    @Test
    @DisplayName("Figure 2: a server comes back with its term, its vote and its log, and learns anew what is committed")
    void aRestartForgetsNothingThatCounts() {
        TestCluster cluster = new TestCluster(3);
        cluster.elect(1);
        cluster.propose(1, "x");
        cluster.settle();
        HardState before = cluster.server(2).disk.hardState();
        for (int id = 1; id <= 3; id++) {
            cluster.crash(id);
        }
        cluster.drop(envelope -> true);
        for (int id = 1; id <= 3; id++) {
            cluster.restart(id);
        }
        assertThat(cluster.raft(2).currentTerm()).isEqualTo(before.currentTerm());
        assertThat(cluster.raft(2).votedFor()).isEqualTo(before.votedFor());
        cluster.elect(2);
        cluster.run(2 * TestCluster.CONFIG.heartbeatTicks());
        List<LogEntry> applied = cluster.server(3).applied;
        assertThat(applied).hasSize(3);
        assertThat(applied.get(1).command()).isEqualTo(TestCluster.command("x"));
    }

    @Test
    @DisplayName("thesis §10.2.1 the leader's own copy counts only once it is written, and votes and acks wait for it")
    void nothingIsPromisedBeforeItIsWritten() {
        TestCluster cluster = new TestCluster(3);
        Raft voter = cluster.raft(1);
        voter.step(new Envelope(new NodeId(2), new NodeId(1), new Message.RequestVote(1, EMPTY, false)));
        Ready ready = voter.takeReady(0);
        assertThat(ready.messages()).isEmpty();
        assertThat(ready.hardState()).isEqualTo(new HardState(1, new NodeId(2)));
        assertThat(ready.promises()).hasSize(1);

        TestCluster alone = new TestCluster(1);
        alone.elect(1);
        Raft leader = alone.raft(1);
        leader.propose(ByteBuffer.allocate(1));
        ready = leader.takeReady(Long.MAX_VALUE);
        assertThat(ready.entries()).hasSize(1);
        assertThat(leader.commitIndex()).isEqualTo(1);
        assertThat(ready.committed()).isEmpty();
        leader.written();
        assertThat(leader.commitIndex()).isEqualTo(2);
    }

    // §8 and the thesis.

    @Test
    @DisplayName("§8 a leader begins its term with an empty entry, and confirms no read before that is committed")
    void readsWaitForTheFirstCommit() {
        TestCluster cluster = new TestCluster(3);
        cluster.tick(1, ELECTION_TICKS);
        for (int step = 0; step < 4; step++) {
            cluster.deliver(envelope -> true);
        }
        assertThat(cluster.raft(1).isLeader()).isTrue();
        assertThat(cluster.raft(1).entryAt(1).isNoOp()).isTrue();
        long read = cluster.readIndex(1);
        assertThat(cluster.server(1).reads).isEmpty();
        cluster.settle();
        assertThat(cluster.server(1).reads).containsExactly(new Ready.ReadState(read, 1));
    }

    @Test
    @DisplayName("thesis §4.2.3 whoever hears a leader is deaf to candidates, and does not even take over their term")
    void aLiveLeaderIsNotDisturbed() {
        TestCluster cluster = new TestCluster(3);
        cluster.elect(1);
        cluster.step(3, 2, new Message.RequestVote(9, new EntryId(9, 9), false));
        cluster.step(3, 1, new Message.RequestVote(9, new EntryId(9, 9), false));
        cluster.step(3, 2, new Message.PreVote(9, new EntryId(9, 9)));
        assertThat(cluster.raft(1).isLeader()).isTrue();
        assertThat(cluster.raft(2).currentTerm()).isEqualTo(1);
        assertThat(sentTo(cluster, 3)).contains(new Message.PreVoteReply(1, false));
    }

    @Test
    @DisplayName("thesis §3.10 a leader that was asked to hand over takes no proposals until that succeeds or fails")
    void aTransferEndsWithinAnElectionTimeout() {
        TestCluster cluster = new TestCluster(3);
        cluster.elect(1);
        assertThat(cluster.raft(1).transferLeadership(new NodeId(1))).isFalse();
        assertThat(cluster.raft(2).transferLeadership(new NodeId(3))).isFalse();
        cluster.crash(2);
        assertThat(cluster.raft(1).transferLeadership(new NodeId(2))).isTrue();
        assertThat(cluster.propose(1, "x")).isEqualTo(new Proposal.Transferring());
        cluster.run(ELECTION_TICKS);
        assertThat(cluster.propose(1, "x")).isInstanceOf(Proposal.Accepted.class);
    }

    @Test
    @DisplayName("thesis §9.6 an election timeout changes no term unless a majority would vote")
    void aPollChangesNoTerm() {
        TestCluster cluster = new TestCluster(3);
        cluster.elect(1);
        cluster.isolate(3);
        cluster.run(50 * ELECTION_TICKS);
        assertThat(cluster.raft(3).role()).isEqualTo("pre-candidate");
        assertThat(cluster.raft(3).currentTerm()).isEqualTo(1);
        cluster.heal();
        cluster.run(2 * ELECTION_TICKS);
        assertThat(cluster.leaders()).containsExactly(1);
        assertThat(cluster.raft(1).currentTerm()).isEqualTo(1);
    }
}

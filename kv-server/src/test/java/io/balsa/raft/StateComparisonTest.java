package io.balsa.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How servers find out that one of them has made something else of the same entries, on the core alone. */
class StateComparisonTest {
    private static final int A_FEW_HEARTBEATS = 4 * TestCluster.CONFIG.heartbeatTicks();

    private final TestCluster cluster = new TestCluster(3);

    private @Nullable Divergence own(int server) {
        return cluster.raft(server).digests().own();
    }

    private List<Divergence> found(int leader) {
        return cluster.raft(leader).digests().takeFound();
    }

    private void lead() {
        cluster.elect(1);
        cluster.propose(1, "x");
        cluster.run(A_FEW_HEARTBEATS);
    }

    @Test
    void equalServersKnowThatTheyAreEqualAlsoWhenNothingIsWritten() {
        lead();
        for (TestCluster.Server server : cluster.servers()) {
            assertThat(server.raft.digests().equalIndex()).as("%s", server.id).isEqualTo(2);
            assertThat(server.raft.digests().comparisons()).isPositive();
            assertThat(server.raft.digests().own()).isNull();
        }
        assertThat(found(1)).isEmpty();
    }

    @Test
    void aFollowerThatIsWrongIsFoundWithTheNextEntryAndNobodyElse() {
        lead();
        cluster.server(3).wrongBy = 7;
        cluster.propose(1, "y");
        cluster.run(A_FEW_HEARTBEATS);
        assertThat(own(3)).isEqualTo(new Divergence(3, Map.of(new NodeId(3), 100L), 93L));
        assertThat(own(1)).isNull();
        assertThat(own(2)).isNull();
        assertThat(found(1)).last().satisfies(divergence -> {
            assertThat(divergence.index()).isEqualTo(3);
            assertThat(divergence.diverged()).containsExactly(new NodeId(3));
        });
        assertThat(cluster.raft(1).digests().differences()).isEqualTo(1);
    }

    @Test
    void aLeaderThatIsWrongFindsThatItself() {
        lead();
        cluster.server(1).wrongBy = 7;
        cluster.propose(1, "y");
        cluster.run(A_FEW_HEARTBEATS);
        assertThat(own(1)).isEqualTo(new Divergence(3, Map.of(new NodeId(1), 100L), 93L));
        assertThat(own(2)).isNull();
        assertThat(own(3)).isNull();
    }

    @Test
    void aRestartedServerIsComparedThoughNothingIsWritten() {
        lead();
        cluster.crash(3);
        cluster.server(3).wrongBy = 7;
        cluster.restart(3);
        cluster.run(A_FEW_HEARTBEATS);
        assertThat(own(3)).isNotNull();
        assertThat(own(1)).isNull();
    }

    /** Whoever is filled from it agrees with it, and the two would be a majority. */
    @Test
    void aLeaderWhoseStateIsDisputedFillsNobodyFromIt() {
        lead();
        cluster.isolate(3);
        cluster.server(1).wrongBy = 7;
        lackWhatTheLeaderNoLongerHas();
        assertThat(cluster.raft(3).lastLog().index()).isEqualTo(2);
        assertThat(own(2)).isNull();
        assertThat(found(1)).isNotEmpty();
    }

    @Test
    void aLeaderWhoseStateNobodyDisputesFillsWhoeverLacksEntries() {
        lead();
        cluster.isolate(3);
        lackWhatTheLeaderNoLongerHas();
        assertThat(cluster.raft(3).anchor().index()).isEqualTo(3);
    }

    @Test
    void aDisputeEndsWhenAMajorityAgreesAgain() {
        lead();
        cluster.isolate(3);
        cluster.server(2).wrongBy = 7;
        cluster.propose(1, "y");
        cluster.run(A_FEW_HEARTBEATS);
        assertThat(found(1)).last().extracting(Divergence::agreed).isNull();
        cluster.server(2).wrongBy = 0;
        cluster.propose(1, "z");
        cluster.run(A_FEW_HEARTBEATS + 10 * TestCluster.CONFIG.electionTicksMax()); // After a while it asks again.
        cluster.compact(1, 4);
        cluster.heal();
        cluster.run(A_FEW_HEARTBEATS);
        assertThat(cluster.raft(3).anchor().index()).isEqualTo(4);
    }

    private void lackWhatTheLeaderNoLongerHas() {
        cluster.propose(1, "y");
        cluster.run(A_FEW_HEARTBEATS);
        cluster.compact(1, 3);
        cluster.heal();
        cluster.run(A_FEW_HEARTBEATS);
    }

    @Test
    void whereThreeSayThreeThingsThereIsAnAlarmAndNobodyIsJudged() {
        lead();
        cluster.server(2).wrongBy = 7;
        cluster.server(3).wrongBy = 8;
        cluster.propose(1, "y");
        cluster.run(A_FEW_HEARTBEATS);
        for (int server = 1; server <= 3; server++) {
            assertThat(own(server)).as("n%d", server).isNull();
        }
        assertThat(found(1)).last().satisfies(divergence -> {
            assertThat(divergence.agreed()).isNull();
            assertThat(divergence.diverged()).isEmpty();
            assertThat(divergence.hashes()).hasSize(3);
        });
    }

    @Test
    void ofTwoServersNobodyIsJudged() {
        TestCluster two = new TestCluster(2);
        two.elect(1);
        two.server(2).wrongBy = 7;
        two.propose(1, "y");
        two.run(A_FEW_HEARTBEATS);
        assertThat(two.raft(1).digests().own()).isNull();
        assertThat(two.raft(2).digests().own()).isNull();
        assertThat(two.raft(1).digests().takeFound()).isNotEmpty();
        two.propose(1, "z");
        two.run(A_FEW_HEARTBEATS + 10 * TestCluster.CONFIG.electionTicksMax());
        assertThat(two.raft(1).digests().takeFound())
                .as("after a while it asks again")
                .last()
                .extracting(Divergence::index)
                .isEqualTo(3L);
    }

    @Test
    void aLearnerIsJudgedAndDoesNotCount() {
        TestCluster four =
                new TestCluster(3, 4, TestCluster.CONFIG, new TestCluster.Watcher() {}, TestCluster.InOrder::new);
        four.elect(1);
        four.change(1, new MembershipChange.Add(TestCluster.learner(4, Member.Standing.LEARNER)), 0);
        four.run(A_FEW_HEARTBEATS);
        four.server(3).wrongBy = 7;
        four.server(4).wrongBy = 7;
        four.cut(2, 1);
        four.propose(1, "y");
        four.run(A_FEW_HEARTBEATS);
        assertThat(four.raft(1).digests().takeFound())
                .isNotEmpty()
                .allSatisfy(divergence -> assertThat(divergence.agreed())
                        .as("one voter and a learner are no majority, nor is one voter")
                        .isNull());
        four.heal();
        four.run(A_FEW_HEARTBEATS);
        assertThat(four.raft(3).digests().own()).isNotNull();
        assertThat(four.raft(4).digests().own()).isNotNull();
        assertThat(four.raft(1).digests().own()).isNull();
        assertThat(four.raft(2).digests().own()).isNull();
    }

    @Test
    void aVerdictThatComesLateOrOfAnOldTermOrTwiceHitsNobodyThatHasTheRightState() {
        lead();
        cluster.server(3).wrongBy = 7;
        cluster.propose(1, "y");
        for (int i = 0; i < A_FEW_HEARTBEATS; i++) {
            cluster.tick(1, 1);
            cluster.deliver(envelope -> envelope.message() instanceof Message.AppendEntriesReply);
            cluster.deliver(envelope -> envelope.message() instanceof Message.AppendEntries append
                    && append.agreed().index() < 3);
        }
        List<Envelope> verdicts = cluster.take(envelope -> envelope.to().equals(new NodeId(3)));
        assertThat(verdicts)
                .extracting(Envelope::message)
                .anyMatch(message -> message instanceof Message.AppendEntries append
                        && append.agreed().index() == 3);
        cluster.server(3).wrongBy = 0;
        cluster.wipe(3, "wiped");
        cluster.run(A_FEW_HEARTBEATS);
        cluster.deliver(verdicts);
        cluster.deliver(verdicts);
        cluster.propose(1, "z");
        cluster.run(A_FEW_HEARTBEATS);
        assertThat(own(3)).isNull();
        assertThat(cluster.raft(3).digests().equalIndex()).isPositive();
    }
}

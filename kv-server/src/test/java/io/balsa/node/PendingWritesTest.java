package io.balsa.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.kv.Outcome;
import io.balsa.raft.EntryId;
import io.balsa.raft.NodeId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a client is told of its write, whatever became of the entry. */
class PendingWritesTest {
    private static final NodeId LEADER = new NodeId(2);
    private static final Outcome OUTCOME = new Outcome.Deleted(1, 1, null);

    private final PendingWrites writes = new PendingWrites(Observer.NONE);
    private final List<WriteResult> answers = new ArrayList<>();

    private void propose(long index, long term, long deadlineTick) {
        writes.add(new EntryId(index, term), 0, deadlineTick, answers::add);
    }

    @Test
    void aWriteIsAppliedWhenItsOwnEntryComesBack() {
        propose(5, 1, 100);
        writes.applied(new EntryId(5, 1), OUTCOME, 0, LEADER);
        assertThat(answers).containsExactly(new WriteResult.Applied(OUTCOME, 5, 1));
        assertThat(writes.size()).isZero();
    }

    @Test
    void aWriteIsNotAppliedWhenAnotherEntryHasItsPlace() {
        propose(5, 1, 100);
        propose(6, 1, 100);
        writes.applied(new EntryId(5, 2), OUTCOME, 0, LEADER);
        assertThat(answers).containsExactly(new WriteResult.NotApplied(Refusal.NOT_LEADER, LEADER, 2));
        assertThat(writes.size()).isEqualTo(1);
    }

    @Test
    void aWriteIsNotAppliedWhenANewLeadersFirstEntryHasItsPlace() {
        propose(5, 1, 100);
        propose(6, 1, 100);
        writes.overtaken(new EntryId(5, 2), LEADER);
        assertThat(answers).containsExactly(new WriteResult.NotApplied(Refusal.NOT_LEADER, LEADER, 2));
        assertThat(writes.size()).isEqualTo(1);
    }

    @Test
    void aWriteIsUnknownWhenItsTimeIsOver() {
        propose(5, 1, 100);
        writes.expire(99, LEADER, 1);
        assertThat(answers).isEmpty();
        writes.expire(100, LEADER, 1);
        assertThat(answers).containsExactly(new WriteResult.Unknown(Uncertainty.COMMIT_TIMEOUT, LEADER, 1));
    }

    @Test
    void aWriteIsUnknownSoonAfterItsServerLedNoLonger() {
        propose(5, 1, 1_000);
        writes.leadershipLost(160);
        writes.expire(160, LEADER, 2);
        assertThat(answers).containsExactly(new WriteResult.Unknown(Uncertainty.LEADER_CHANGED, LEADER, 2));
    }

    @Test
    void aWriteIsUnknownWhenItsServerLeadsAgainAndReusesItsPlace() {
        propose(5, 1, 1_000);
        propose(5, 3, 1_000);
        assertThat(answers).containsExactly(new WriteResult.Unknown(Uncertainty.LEADER_CHANGED, null, 3));
        writes.applied(new EntryId(5, 3), OUTCOME, 0, LEADER);
        assertThat(answers).hasSize(2).last().isEqualTo(new WriteResult.Applied(OUTCOME, 5, 3));
    }

    @Test
    void aWriteWhoseEntryMayHaveComeWithinASnapshotIsUnknown() {
        propose(5, 1, 1_000);
        propose(6, 1, 1_000);
        propose(7, 1, 1_000);
        writes.skipped(6, LEADER, 2);
        assertThat(answers).hasSize(2).containsOnly(new WriteResult.Unknown(Uncertainty.LEADER_CHANGED, LEADER, 2));
        writes.applied(new EntryId(7, 1), OUTCOME, 0, LEADER);
        assertThat(answers).last().isEqualTo(new WriteResult.Applied(OUTCOME, 7, 1));
    }

    @Test
    void everythingIsAnsweredWhenTheServerStops() {
        propose(5, 1, 1_000);
        propose(6, 1, 1_000);
        writes.stop(1);
        assertThat(answers).hasSize(2).allMatch(answer -> answer instanceof WriteResult.Unknown);
        assertThat(writes.size()).isZero();
    }
}

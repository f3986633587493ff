package io.balsa.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The rules of §7 and Figure 13, each in our own words, on the core alone. */
class RaftSnapshotTest {
    private static final long TERM = 9;

    private final TestCluster cluster = new TestCluster(3);

    private static Message.InstallSnapshot chunk(long transfer, EntryId lastIncluded, long offset, boolean done) {
        return new Message.InstallSnapshot(TERM, transfer, lastIncluded, offset, TestCluster.command("data"), done);
    }

    /** The answers of server 1 to server 2. */
    private List<Message> answers() {
        List<Message> answers = cluster.take(envelope -> envelope.to().equals(new NodeId(2))).stream()
                .map(Envelope::message)
                .toList();
        cluster.drop(envelope -> true);
        return answers;
    }

    private static Message.InstallSnapshotReply stored(long transfer, long offset) {
        return new Message.InstallSnapshotReply(TERM, transfer, true, offset, 0);
    }

    private static Message.InstallSnapshotReply has(long transfer, long offset, long matchIndex) {
        return new Message.InstallSnapshotReply(TERM, transfer, true, offset, matchIndex);
    }

    private static Message.InstallSnapshotReply refused(long transfer) {
        return new Message.InstallSnapshotReply(TERM, transfer, false, 0, 0);
    }

    @Test
    @DisplayName("§7 a snapshot that conflicts with the log takes the place of all of it, term included")
    void aSnapshotReplacesALogThatConflicts() {
        cluster.haveHistory(1, 5, 1, 4, 4, 4, 5);
        cluster.step(2, 1, chunk(1, new EntryId(4, 6), 0, false));
        assertThat(answers()).containsExactly(stored(1, 4));
        assertThat(cluster.raft(1).lastLog()).isEqualTo(new EntryId(5, 5));
        cluster.step(2, 1, chunk(1, new EntryId(4, 6), 4, true));
        assertThat(answers()).containsExactly(has(1, 8, 4));
        assertThat(cluster.raft(1).lastLog()).isEqualTo(new EntryId(4, 6));
        assertThat(cluster.raft(1).anchor()).isEqualTo(new EntryId(4, 6));
        assertThat(cluster.raft(1).commitIndex()).isEqualTo(4);
        cluster.step(3, 1, new Message.RequestVote(TERM + 1, new EntryId(5, 5), true));
        assertThat(cluster.raft(1).votedFor()).as("its log ends in term 6 now").isNull();
    }

    @Test
    @DisplayName("§7 a server that has the snapshot's last entry keeps what follows it, and says that it has it")
    void whatFollowsTheSnapshotIsKept() {
        cluster.haveHistory(1, 5, 1, 4, 4, 4, 5);
        cluster.step(2, 1, chunk(1, new EntryId(3, 4), 0, false));
        assertThat(answers()).containsExactly(has(1, 0, 3));
        assertThat(cluster.raft(1).lastLog()).isEqualTo(new EntryId(5, 5));
        assertThat(cluster.raft(1).commitIndex())
                .as("what a snapshot holds is committed")
                .isEqualTo(3);
        assertThat(cluster.server(1).applied).hasSize(3);
    }

    @Test
    @DisplayName("a snapshot from before commitIndex is answered, and never installed")
    void aSnapshotFromThePastIsAnswered() {
        cluster.haveHistory(1, 5, 1, 4, 4, 4, 5);
        cluster.step(2, 1, new Message.AppendEntries(TERM, new EntryId(5, 5), List.of(), 5, 0));
        answers();
        cluster.step(2, 1, chunk(1, new EntryId(4, 4), 0, true));
        assertThat(answers()).containsExactly(has(1, 0, 4));
        assertThat(cluster.raft(1).commitIndex()).isEqualTo(5);
        assertThat(cluster.raft(1).anchor()).isEqualTo(EntryId.NONE);
    }

    @Test
    @DisplayName("Figure 13: the request of an older term is refused, with the term that its sender must know")
    void aRequestOfAnOlderTermIsRefused() {
        cluster.step(3, 1, new Message.AppendEntries(TERM + 1, EntryId.NONE, List.of(), 0, 0));
        cluster.drop(envelope -> true);
        cluster.step(2, 1, chunk(1, new EntryId(4, 4), 0, true));
        assertThat(answers()).containsExactly(new Message.InstallSnapshotReply(TERM + 1, 0, false, 0, 0));
        assertThat(cluster.raft(1).anchor()).isEqualTo(EntryId.NONE);
    }

    @Test
    @DisplayName("a chunk that comes twice, or behind a gap, is answered with what is stored")
    void repeatedAndEarlyChunksChangeNothing() {
        EntryId end = new EntryId(7, 3);
        cluster.step(2, 1, chunk(1, end, 0, false));
        cluster.step(2, 1, chunk(1, end, 0, false));
        cluster.step(2, 1, chunk(1, end, 8, true));
        assertThat(answers()).containsExactly(stored(1, 4), stored(1, 4), stored(1, 4));
        cluster.step(2, 1, chunk(1, end, 4, false));
        cluster.step(2, 1, chunk(1, end, 8, true));
        assertThat(answers()).containsExactly(stored(1, 8), has(1, 12, 7));
        cluster.step(2, 1, chunk(1, end, 8, true));
        assertThat(answers()).as("after it is installed").containsExactly(has(1, 0, 7));
    }

    @Test
    @DisplayName("transfers do not mix: a new one begins anew, an old one's chunks are ignored")
    void transfersDoNotMix() {
        cluster.step(2, 1, chunk(1, new EntryId(7, 3), 0, false));
        cluster.step(2, 1, chunk(2, new EntryId(9, 3), 4, true));
        assertThat(answers()).as("without its beginning").containsExactly(stored(1, 4), refused(2));
        cluster.step(2, 1, chunk(2, new EntryId(9, 3), 0, false));
        cluster.step(2, 1, chunk(1, new EntryId(7, 3), 4, true));
        assertThat(answers()).containsExactly(stored(2, 4));
        cluster.step(2, 1, chunk(2, new EntryId(9, 3), 4, true));
        assertThat(answers()).containsExactly(has(2, 8, 9));
    }

    @Test
    @DisplayName(
            "§7 the leader sends a snapshot when it has no longer what a follower needs next, and heartbeats beside it")
    void theLeaderSendsASnapshotAndHeartbeats() {
        cluster.elect(1);
        cluster.isolate(3);
        cluster.propose(1, "a");
        cluster.settle();
        cluster.compact(1, 2);
        cluster.heal();
        cluster.run(4);
        assertThat(cluster.raft(3).lastLog()).isEqualTo(cluster.raft(1).lastLog());
        assertThat(cluster.raft(3).anchor()).isEqualTo(new EntryId(2, 1));
        assertThat(cluster.raft(1).matchIndexOf(new NodeId(3))).isEqualTo(2);
        assertThat(cluster.server(1).reading).as("nothing stays open").isEmpty();
    }

    @Test
    @DisplayName("a transfer that comes no further is ended, and none is begun to a server that does not answer")
    void aTransferThatComesNoFurtherIsEnded() {
        cluster.elect(1);
        cluster.isolate(3);
        cluster.propose(1, "a");
        cluster.settle();
        cluster.compact(1, 2);
        cluster.heal();
        cluster.tick(1, 3);
        cluster.deliver(envelope -> true);
        cluster.deliver(envelope -> true);
        assertThat(cluster.server(1).reading).hasSize(1);
        assertThat(cluster.raft(1).neededIndex()).as("the log waits for it").isEqualTo(2);
        cluster.isolate(3);
        for (int tick = 0; tick < TestCluster.CONFIG.snapshotPatienceTicks(); tick++) {
            cluster.tick(1, 1);
            cluster.tick(2, 1);
            cluster.settle();
        }
        assertThat(cluster.raft(1).isLeader()).isTrue();
        assertThat(cluster.server(1).reading).isEmpty();
        cluster.heal();
        cluster.run(8);
        assertThat(cluster.raft(3).anchor()).isEqualTo(new EntryId(2, 1));
    }
}

package io.balsa.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.kv.Command;
import io.balsa.kv.CommandCodec;
import io.balsa.kv.Key;
import io.balsa.kv.KvStateMachine;
import io.balsa.kv.MemoryState;
import io.balsa.kv.Precondition;
import io.balsa.kv.Query;
import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** In which order a turn does what follows. */
final class RaftLoopTest {
    private static final NodeId SELF = new NodeId(1);
    private static final NodeId LEADER = new NodeId(2);
    private static final ByteBuffer PUT = CommandCodec.encode(
            new Command.Put(Key.of("key"), ByteBuffer.wrap(new byte[] {1}), Precondition.NONE, false));

    /** What was done to disk and network, each with the entry up to which the state was then. */
    private final List<String> done = new ArrayList<>();

    private final KvStateMachine stateMachine = new KvStateMachine(new MemoryState());

    private final MemoryLog log = new MemoryLog() {
        @Override
        public void write(@Nullable HardState newHardState, List<LogEntry> newEntries) {
            super.write(newHardState, newEntries);
            note("written to " + last().index());
        }
    };

    private void note(String what) {
        done.add(what + ", applied to " + stateMachine.lastApplied());
    }

    private void sent(List<Envelope> envelopes) {
        for (Envelope envelope : envelopes) {
            if (envelope.message() instanceof Message.AppendEntriesReply reply) {
                note("acknowledged " + reply.matchIndex());
            }
        }
    }

    private RaftLoop loop(NodeId... voters) {
        return TestLoop.of(stateMachine, log, this::sent, new Observer() {}, voters);
    }

    /** What is done in a turn for these. */
    private List<String> turn(RaftLoop loop, Input... inputs) {
        done.clear();
        loop.turn(Arrays.asList(inputs));
        return List.copyOf(done);
    }

    private static Input appended(long index, long leaderCommit) {
        Message message = new Message.AppendEntries(
                1,
                new EntryId(index - 1, index == 1 ? 0 : 1),
                List.of(new LogEntry(index, 1, PUT.duplicate())),
                leaderCommit,
                1);
        return loop -> loop.receive(List.of(new Envelope(LEADER, SELF, message)));
    }

    /** The leader waits for the acknowledgement, and nobody for what a follower applies. */
    @Test
    void aFollowerAcknowledgesBeforeItApplies() {
        RaftLoop follower = loop(SELF, LEADER, new NodeId(3));
        turn(follower, appended(1, 0));
        assertThat(turn(follower, appended(2, 1)))
                .containsExactly("written to 2, applied to 0", "acknowledged 2, applied to 0");
        assertThat(stateMachine.lastApplied()).isEqualTo(1);
    }

    /** Lest a reader wait for a flush, too. */
    @Test
    void aFollowerWithReadersAppliesFirst() {
        RaftLoop follower = loop(SELF, LEADER, new NodeId(3));
        turn(follower, appended(1, 0));
        assertThat(turn(
                        follower,
                        loop -> loop.read(new Query.Get(Key.of("key")), Consistency.LINEARIZABLE, 100, result -> {}),
                        appended(2, 1)))
                .containsExactly("written to 2, applied to 1", "acknowledged 2, applied to 1");
    }

    /** Its clients wait for what is applied. */
    @Test
    void aLeaderAppliesBeforeItWrites() {
        RaftLoop leader = loop(SELF);
        while (!leader.status().isLeader()) {
            turn(leader, RaftLoop::tick);
        }
        while (stateMachine.lastApplied() == 0) {
            turn(leader); // Its no-op.
        }
        List<WriteResult> results = new ArrayList<>();
        long before = stateMachine.lastApplied();
        Input write = loop -> loop.write(PUT.duplicate(), 100, results::add);
        assertThat(turn(leader, write)).containsExactly("written to " + (before + 1) + ", applied to " + before);
        assertThat(turn(leader, write)).containsExactly("written to " + (before + 2) + ", applied to " + (before + 1));
        assertThat(results).hasSize(1);
    }
}

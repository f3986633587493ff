package io.balsa.benchmarks.jmh;

import io.balsa.kv.KvStateMachine;
import io.balsa.node.Compaction;
import io.balsa.node.Input;
import io.balsa.node.Observer;
import io.balsa.node.RaftLoop;
import io.balsa.node.Snapshots;
import io.balsa.node.Timeouts;
import io.balsa.node.WriteResult;
import io.balsa.raft.Envelope;
import io.balsa.raft.HardState;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.balsa.raft.Raft;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Servers without disk, network and threads: their turns are run one after the other until nothing is left to do. What
 * remains is what the core, the loop and the state machine cost. n1 leads. Of one thread.
 */
final class MemoryCluster {
    private static final int TICKS_UNTIL_ELECTED_MAX = 1_000;
    private static final int TIMEOUT_TICKS = 1_000_000;
    private static final long SEED = 7;

    private final List<RaftLoop> loops = new ArrayList<>();
    private final List<List<Envelope>> arriving = new ArrayList<>();
    private int answered;

    MemoryCluster(int size) {
        List<NodeId> voters = new ArrayList<>();
        for (int i = 1; i <= size; i++) {
            voters.add(new NodeId(i));
            arriving.add(new ArrayList<>());
        }
        SplittableRandom random = new SplittableRandom(SEED);
        for (NodeId self : voters) {
            MemoryStorage storage = new MemoryStorage();
            Raft raft = new Raft(
                    self,
                    "",
                    Membership.of(voters),
                    Timeouts.LAN.toConfig(),
                    random.split(),
                    HardState.INITIAL,
                    storage,
                    0);
            loops.add(new RaftLoop(
                    raft,
                    new KvStateMachine(new TreeState()),
                    storage,
                    Snapshots.NONE,
                    new Compaction(new Compaction.Limits(
                            Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, 0, Long.MAX_VALUE)),
                    this::send,
                    Observer.NONE,
                    System::nanoTime,
                    Timeouts.LAN,
                    random.nextLong()));
        }
        elect();
    }

    private void elect() {
        for (int tick = 0; tick < TICKS_UNTIL_ELECTED_MAX; tick++) {
            loops.get(0).turn(List.of(RaftLoop::tick));
            settle();
            if (loops.get(0).status().isLeader()) {
                return;
            }
        }
        throw new IllegalStateException("n1 was not elected");
    }

    private void send(List<Envelope> envelopes) {
        for (Envelope envelope : envelopes) {
            arriving.get(envelope.to().value() - 1).add(envelope);
        }
    }

    /** Proposes so many puts at once and runs turns until all are applied and answered; returns how many turns. */
    int write(List<ByteBuffer> commands) {
        answered = 0;
        List<Input> inputs = new ArrayList<>(commands.size());
        for (ByteBuffer command : commands) {
            inputs.add(loop -> loop.write(command.duplicate(), TIMEOUT_TICKS, this::answer));
        }
        loops.get(0).turn(inputs);
        int turns = 1 + settle();
        if (answered != commands.size()) {
            throw new IllegalStateException(answered + " of " + commands.size() + " writes were answered");
        }
        return turns;
    }

    private void answer(WriteResult result) {
        if (result instanceof WriteResult.Applied) {
            answered++;
        }
    }

    /** Runs turns until no message is on its way and no server has more to do. */
    private int settle() {
        int turns = 0;
        boolean busy = true;
        while (busy) {
            busy = false;
            for (int i = 0; i < loops.size(); i++) {
                List<Envelope> arrived = arriving.get(i);
                List<Input> inputs = List.of();
                if (!arrived.isEmpty()) {
                    arriving.set(i, new ArrayList<>());
                    inputs = List.of(loop -> loop.receive(arrived));
                }
                boolean more = loops.get(i).turn(inputs);
                turns++;
                busy |= more || !inputs.isEmpty();
            }
        }
        return turns;
    }
}

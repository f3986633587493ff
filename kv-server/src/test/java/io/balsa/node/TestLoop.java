package io.balsa.node;

import io.balsa.kv.KvStateMachine;
import io.balsa.raft.HardState;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.balsa.raft.Raft;
import java.util.SplittableRandom;

/** A {@link RaftLoop} that starts with nothing, and whose log is never cut. */
final class TestLoop {
    private TestLoop() {}

    /** Of the server that is the first of the voters. */
    static RaftLoop of(
            KvStateMachine stateMachine, MemoryLog log, Transport transport, Observer observer, NodeId... voters) {
        Raft raft = new Raft(
                voters[0],
                "",
                Membership.of(voters),
                Timeouts.LAN.toConfig(),
                new SplittableRandom(1),
                HardState.INITIAL,
                log,
                0);
        return new RaftLoop(
                raft,
                stateMachine,
                log,
                Snapshots.NONE,
                new Compaction(new Compaction.Limits(1_000_000, 1 << 30, 1 << 30, 1_000_000, 0, 1 << 30)),
                transport,
                observer,
                System::nanoTime,
                Timeouts.LAN,
                1);
    }
}

package io.balsa.sim;

import io.balsa.node.Election;
import io.balsa.node.NodeStatus;
import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Transition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sees what servers do, at the moments at which a property could break; by itself it looks away. */
interface Checks {
    /** A process begins. */
    default void started(SimulatedServer server, SimulatedServer.Life life) {}

    /** At any moment of a turn: what is committed by now? */
    default void observe(SimulatedServer server, SimulatedServer.Life life) {}

    /**
     * A turn is over.
     *
     * @param completed false: the process ends amid it
     */
    default void turnEnded(SimulatedServer server, SimulatedServer.Life life, boolean completed) {}

    default void transition(SimulatedServer server, Transition transition) {}

    /** Before a write of the log's disk. */
    default void writing(SimulatedServer server, @Nullable HardState changed, List<LogEntry> written) {}

    /** At the end, when all is calm: what a server's journal has. */
    default void journal(SimulatedServer server, NodeStatus status, List<Election> elections) {}

    default void applied(SimulatedServer server, SimulatedServer.Life life, long index) {}

    /** The state is durable as it is. */
    default void checkpointed(SimulatedServer server, SimulatedServer.Life life) {}

    /** A snapshot has replaced the state that had applied entries up to {@code appliedBefore}; the log not yet. */
    default void installed(
            SimulatedServer server, SimulatedServer.Life life, EntryId lastIncluded, long appliedBefore) {}

    /** A message leaves. */
    default void sending(SimulatedServer server, Envelope envelope) {}

    /** Messages have left together. */
    default void sent(SimulatedServer server, List<Envelope> envelopes) {}

    /** A message comes in. */
    default void received(SimulatedServer server, Envelope envelope) {}
}

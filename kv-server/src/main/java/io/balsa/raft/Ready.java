package io.balsa.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What has to happen outside the core, in this order: send {@code messages}; replace the state by
 * {@code snapshot}; apply {@code committed} and serve {@code reads}; write {@code hardState} and {@code entries} durably; send
 * {@code promises}; start {@code snapshotTasks}.
 *
 * @param messages safe to send before the write: the leader replicates while its own disk works
 *     (thesis §10.2.1)
 * @param snapshot takes the place of the state and of the whole log, durably and before anything else, or null
 * @param hardState to be written, or null if it did not change
 * @param entries to be written; they replace every stored entry at or after the first one's index
 * @param promises votes, acknowledgements and all else that a peer may only learn once the write is durable
 * @param committed to be applied to the state machine, in order; all of them are on this server's disk already
 * @param reads requested by {@link Raft#readIndex} and confirmed
 * @param snapshotTasks to be done beside the core
 * @param transitions what this server became since the last one, in order; for the log and the metrics
 * @param votes asked for, decided on and answered since the last one; for the journal of elections
 */
public record Ready(
        List<Envelope> messages,
        @Nullable Snapshot snapshot,
        @Nullable HardState hardState,
        List<LogEntry> entries,
        List<Envelope> promises,
        List<LogEntry> committed,
        List<ReadState> reads,
        List<SnapshotTask> snapshotTasks,
        List<Transition> transitions,
        List<Vote> votes) {

    /**
     * A snapshot that has arrived whole and is needed.
     *
     * @param lastIncluded where the log begins anew
     */
    public record Snapshot(TransferId transfer, EntryId lastIncluded) {}

    /**
     * A linearizable read may be served from any state that has applied {@code readIndex}.
     *
     * @param id as given to {@link Raft#readIndex}
     */
    public record ReadState(long id, long readIndex) {}
}

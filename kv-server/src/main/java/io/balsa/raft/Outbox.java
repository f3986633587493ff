package io.balsa.raft;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a server has to say or to have done by the end of the turn, beside what its log and its hard state say themselves. */
final class Outbox {
    private List<Envelope> messages = new ArrayList<>();
    private List<Envelope> promises = new ArrayList<>();
    private List<Ready.ReadState> reads = new ArrayList<>();
    private List<SnapshotTask> snapshotTasks = new ArrayList<>();
    private List<Transition> transitions = new ArrayList<>();
    private Ready.@Nullable Snapshot snapshot;

    /** May leave before the write. */
    void message(Envelope envelope) {
        messages.add(envelope);
    }

    /** Must not leave before the write. */
    void promise(Envelope envelope) {
        promises.add(envelope);
    }

    void read(Ready.ReadState confirmed) {
        reads.add(confirmed);
    }

    void task(SnapshotTask task) {
        snapshotTasks.add(task);
    }

    void transition(Transition transition) {
        transitions.add(transition);
    }

    void install(Ready.Snapshot whole) {
        snapshot = whole;
    }

    boolean isEmpty() {
        return messages.isEmpty()
                && promises.isEmpty()
                && reads.isEmpty()
                && snapshotTasks.isEmpty()
                && transitions.isEmpty()
                && snapshot == null;
    }

    /** All of it, with what the core adds; begins anew. */
    Ready take(@Nullable HardState changed, List<LogEntry> unwritten, List<LogEntry> committed, List<Vote> votes) {
        Ready ready = new Ready(
                messages, snapshot, changed, unwritten, promises, committed, reads, snapshotTasks, transitions, votes);
        messages = new ArrayList<>();
        promises = new ArrayList<>();
        reads = new ArrayList<>();
        snapshotTasks = new ArrayList<>();
        transitions = new ArrayList<>();
        snapshot = null;
        return ready;
    }
}

package io.balsa.node;

import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Nothing of a log but what a turn needs. */
class MemoryLog implements Storage {
    private final List<LogEntry> entries = new ArrayList<>();
    private HardState hardState = HardState.INITIAL;
    volatile @Nullable RuntimeException failure;
    volatile @Nullable Error bug;

    @Override
    public HardState hardState() {
        return hardState;
    }

    @Override
    public void write(@Nullable HardState newHardState, List<LogEntry> newEntries) {
        RuntimeException now = failure;
        if (now != null) {
            throw now;
        }
        hardState = newHardState == null ? hardState : newHardState;
        entries.addAll(newEntries);
    }

    @Override
    public EntryId anchor() {
        return EntryId.NONE;
    }

    @Override
    public EntryId last() {
        return entries.isEmpty()
                ? EntryId.NONE
                : entries.get(entries.size() - 1).id();
    }

    @Override
    public long termAt(long index) {
        return entries.get((int) index - 1).term();
    }

    @Override
    public List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        return entries.subList((int) firstIndex - 1, (int) lastIndex);
    }

    @Override
    public void truncateBefore(long index) {}

    @Override
    public void reset(EntryId anchor) {
        throw new AssertionError("nothing is installed here");
    }

    @Override
    public long entryBytes() {
        Error now = bug;
        if (now != null) {
            throw now;
        }
        return 0;
    }
}

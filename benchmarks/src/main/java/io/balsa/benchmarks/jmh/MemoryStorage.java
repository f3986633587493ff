package io.balsa.benchmarks.jmh;

import io.balsa.node.Storage;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A log in memory that forgets its oldest entries, for benchmarks of what is above it. Of one thread. */
final class MemoryStorage implements Storage {
    private static final int KEPT_MAX = 1 << 16;

    private HardState hardState = HardState.INITIAL;
    private List<LogEntry> entries = new ArrayList<>();
    private EntryId anchor = EntryId.NONE;

    @Override
    public HardState hardState() {
        return hardState;
    }

    @Override
    public void write(@Nullable HardState newHardState, List<LogEntry> newEntries) {
        if (newHardState != null) {
            hardState = newHardState;
        }
        if (newEntries.isEmpty()) {
            return;
        }
        if (!entries.isEmpty() && newEntries.get(0).index() <= last().index()) {
            int kept = (int) (newEntries.get(0).index() - entries.get(0).index());
            entries.subList(kept, entries.size()).clear();
        }
        entries.addAll(newEntries);
        if (entries.size() > KEPT_MAX) {
            truncateBefore(last().index() - KEPT_MAX / 2);
        }
    }

    @Override
    public void truncateBefore(long index) {
        int cut = (int) (index - 1 - anchor.index());
        if (cut > 0) {
            anchor = entries.get(cut - 1).id();
            entries = new ArrayList<>(entries.subList(cut, entries.size()));
        }
    }

    @Override
    public void reset(EntryId newAnchor) {
        anchor = newAnchor;
        entries.clear();
    }

    @Override
    public long entryBytes() {
        return 0;
    }

    @Override
    public EntryId anchor() {
        return anchor;
    }

    @Override
    public EntryId last() {
        return entries.isEmpty() ? anchor : entries.get(entries.size() - 1).id();
    }

    @Override
    public long termAt(long index) {
        return at(index).term();
    }

    @Override
    public List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        List<LogEntry> read = new ArrayList<>();
        long bytes = 0;
        for (long index = firstIndex; index <= lastIndex; index++) {
            LogEntry entry = at(index);
            bytes += entry.sizeBytes();
            if (!read.isEmpty() && bytes > bytesMax) {
                break;
            }
            read.add(entry);
        }
        return read;
    }

    private LogEntry at(long index) {
        return entries.get((int) (index - entries.get(0).index()));
    }
}

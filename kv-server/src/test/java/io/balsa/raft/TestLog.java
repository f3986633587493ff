package io.balsa.raft;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one server of a {@link TestCluster} has on disk. */
final class TestLog implements StoredLog {
    private final List<LogEntry> log = new ArrayList<>();
    private EntryId anchor = EntryId.NONE;
    private HardState hardState = HardState.INITIAL;

    HardState hardState() {
        return hardState;
    }

    void write(@Nullable HardState changed, List<LogEntry> entries) {
        if (changed != null) {
            hardState = changed;
        }
        if (!entries.isEmpty()) {
            log.subList(at(entries.get(0).index()), log.size()).clear();
            log.addAll(entries);
        }
    }

    List<LogEntry> entries() {
        return List.copyOf(log);
    }

    /** Lets go of the entries up to this one. */
    void cutThrough(long index) {
        anchor = log.get(at(index)).id();
        log.removeIf(entry -> entry.index() <= index);
    }

    void reset(EntryId newAnchor) {
        log.clear();
        anchor = newAnchor;
    }

    private int at(long index) {
        return (int) (index - anchor.index() - 1);
    }

    @Override
    public EntryId anchor() {
        return anchor;
    }

    @Override
    public EntryId last() {
        return log.isEmpty() ? anchor : log.get(log.size() - 1).id();
    }

    @Override
    public long termAt(long index) {
        return log.get(at(index)).term();
    }

    @Override
    public List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        List<LogEntry> read = new ArrayList<>();
        long bytes = 0;
        for (LogEntry entry : log.subList(at(firstIndex), at(lastIndex) + 1)) {
            bytes += entry.sizeBytes();
            if (!read.isEmpty() && bytes > bytesMax) {
                break;
            }
            read.add(entry);
        }
        return read;
    }
}

package io.balsa.raft;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one server of a {@link TestCluster} has on disk. */
final class TestLog implements StoredLog {
    private final List<LogEntry> log = new ArrayList<>();
    private HardState hardState = HardState.INITIAL;

    HardState hardState() {
        return hardState;
    }

    void write(@Nullable HardState changed, List<LogEntry> entries) {
        if (changed != null) {
            hardState = changed;
        }
        if (!entries.isEmpty()) {
            log.subList((int) entries.get(0).index() - 1, log.size()).clear();
            log.addAll(entries);
        }
    }

    List<LogEntry> entries() {
        return List.copyOf(log);
    }

    @Override
    public EntryId last() {
        return log.isEmpty() ? EntryId.NONE : log.get(log.size() - 1).id();
    }

    @Override
    public long termAt(long index) {
        return log.get((int) index - 1).term();
    }

    @Override
    public List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        List<LogEntry> read = new ArrayList<>();
        long bytes = 0;
        for (LogEntry entry : log.subList((int) firstIndex - 1, (int) lastIndex)) {
            bytes += entry.sizeBytes();
            if (!read.isEmpty() && bytes > bytesMax) {
                break;
            }
            read.add(entry);
        }
        return read;
    }
}

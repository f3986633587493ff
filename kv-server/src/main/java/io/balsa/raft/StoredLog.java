package io.balsa.raft;

import java.util.List;

/**
 * The part of the log that is on disk, read-only: where the core looks up what it no longer keeps in
 * memory. Called on the core's thread.
 */
public interface StoredLog {
    /**
     * The entry before the first one: the last that was let go because the state holds it; {@link EntryId#NONE} at first.
     * Grows by a write.
     */
    EntryId anchor();

    /** The last entry that is durable; {@link #anchor} when the log is empty. */
    EntryId last();

    /** The term of the entry at {@code index}, which lies between {@code anchor().index() + 1} and {@code last().index()}. */
    long termAt(long index);

    /**
     * Entries from {@code firstIndex} on, in order and without gaps, up to {@code lastIndex}: at least one, then
     * as many as fit into {@code bytesMax} by {@link LogEntry#sizeBytes}.
     */
    List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax);
}

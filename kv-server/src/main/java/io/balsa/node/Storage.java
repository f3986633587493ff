package io.balsa.node;

import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.StoredLog;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A server's log on disk. Called on the Raft thread only. */
public interface Storage extends StoredLog {
    /** The last one written, {@link HardState#INITIAL} at first. */
    HardState hardState();

    /**
     * Writes both in one transaction and returns when it is durable. Any failure is an {@link StorageException}, after
     * which the server must halt: nothing that the disk says later may be trusted.
     *
     * @param hardState null: unchanged
     * @param entries replace every stored entry at or after the first one's index; may be empty
     */
    void write(@Nullable HardState hardState, List<LogEntry> entries);
}

package io.balsa.node;

import io.balsa.raft.EntryId;
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

    /**
     * Lets go of the entries before {@code index}, which the state must hold durably. They are removed by later writes, a
     * bounded number at a time.
     */
    void truncateBefore(long index);

    /**
     * Removes all entries and begins the log anew behind {@code anchor}, which the state must hold durably, in one
     * transaction; term and vote stay. Returns when it is durable; fails like {@link #write}.
     */
    void reset(EntryId anchor);

    /** What its entries take, about, in bytes. */
    long entryBytes();

    /**
     * At a start, before anything else: finishes an installation of a snapshot that ended, by a crash, between the state and
     * the log.
     *
     * @param installed the last entry of the snapshot that the state once was replaced by, {@link EntryId#NONE} if it never was
     */
    default void finishInstall(EntryId installed) {
        if (installed.index() > anchor().index()) {
            reset(installed);
        }
    }
}

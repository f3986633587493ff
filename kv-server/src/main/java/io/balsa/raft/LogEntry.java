package io.balsa.raft;

import java.nio.ByteBuffer;

/**
 * One slot of the replicated log. An empty command is the no-op that a new leader appends (§8).
 *
 * @param index from 1, without gaps
 * @param term of the leader that appended it; never decreases along a log
 * @param command read-only, position 0 to limit; whoever reads it works on a {@link ByteBuffer#duplicate}
 */
public record LogEntry(long index, long term, ByteBuffer command) {
    /** What an entry costs besides its command: two numbers, two references, a buffer. An estimate for limits. */
    private static final int OVERHEAD_BYTES = 64;

    public LogEntry {
        command = command.isReadOnly() ? command : command.asReadOnlyBuffer();
    }

    public EntryId id() {
        return new EntryId(index, term);
    }

    public boolean isNoOp() {
        return !command.hasRemaining();
    }

    /** What this entry counts in a window or a limit, in bytes. */
    public int sizeBytes() {
        return command.remaining() + OVERHEAD_BYTES;
    }
}

package io.balsa.raft;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One slot of the replicated log. An empty command is the no-op that a new leader appends (§8).
 *
 * @param index from 1, without gaps
 * @param term of the leader that appended it; never decreases along a log
 * @param kind whom the command is for
 * @param command read-only, position 0 to limit; whoever reads it works on a {@link ByteBuffer#duplicate}
 */
public record LogEntry(long index, long term, Kind kind, ByteBuffer command) {
    /** Whom a command is for. */
    public enum Kind {
        /** The state machine. */
        COMMAND(0),
        /** Raft itself: the cluster's new membership ({@link MembershipCodec}). */
        MEMBERSHIP(1);

        /** On disk and on the wire. */
        public final byte number;

        Kind(int number) {
            this.number = (byte) number;
        }

        /** Null when this program does not know it. */
        public static @Nullable Kind of(byte number) {
            return number == COMMAND.number ? COMMAND : number == MEMBERSHIP.number ? MEMBERSHIP : null;
        }
    }

    /** What an entry costs besides its command: two numbers, two references, a buffer. An estimate for limits. */
    private static final int OVERHEAD_BYTES = 64;

    public LogEntry {
        command = command.isReadOnly() ? command : command.asReadOnlyBuffer();
    }

    /** A command for the state machine. */
    public LogEntry(long index, long term, ByteBuffer command) {
        this(index, term, Kind.COMMAND, command);
    }

    public EntryId id() {
        return new EntryId(index, term);
    }

    public boolean isNoOp() {
        return kind == Kind.COMMAND && !command.hasRemaining();
    }

    /** The membership that this entry brings; of an entry of that kind. */
    public Membership membership() {
        Check.that(kind == Kind.MEMBERSHIP, "entry %s brings no membership", id());
        return MembershipCodec.decode(index, command);
    }

    /** What this entry counts in a window or a limit, in bytes. */
    public int sizeBytes() {
        return command.remaining() + OVERHEAD_BYTES;
    }
}

package io.balsa.transport;

import io.balsa.raft.Check;
import io.balsa.raft.Digest;
import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import io.netty.buffer.ByteBuf;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The messages of Raft as {@link Frame}s. The body by kind; {@code id} is an {@link EntryId} (index, term), {@code digest} a
 * {@link Digest} (index, hash), {@code y} one byte that is 0 or 1, everything else a long:
 *
 * <pre>
 *   1 PreVote             term | id lastLog
 *   2 PreVoteReply        term | y voteGranted
 *   3 RequestVote         term | id lastLog | y leaderTransfer
 *   4 RequestVoteReply    term | y voteGranted
 *   5 AppendEntries       term | id prevLog | leaderCommit | round | askedIndex | digest agreed | entry, entry, … up to the
 *                         end of the frame
 *   6 AppendEntriesReply  term | y success | matchIndex | rejected | id hint | round | pledgeNanos |
 *                         digest
 *   7 ReadIndex           term | readId
 *   8 ReadIndexReply      term | readId | readIndex
 *   9 TimeoutNow          term
 *  10 InstallSnapshot     term | transfer | id lastIncluded | offset | y done | data up to the end of the frame, not empty
 *  11 InstallSnapshotReply term | transfer | y accepted | offset | matchIndex
 *
 *   entry:  +-----------+----------+-----------------+---------- - - -----+
 *           | term      | kind (1) | length (4)      | command            |
 *           +-----------+----------+-----------------+---------- - - -----+
 *   kind: 0 a command for the state machine, 1 a membership
 * </pre>
 *
 * An entry's index is not written: the first one follows {@code prevLog} and there are no gaps, so a frame cannot say
 * anything else. Sender and addressee are not written either; the connection's {@link Hello} said them once. Decoding
 * refuses negative numbers (but for readId and hashes, which may be any), flags that are neither 0 nor 1, lengths beyond the frame,
 * more than {@link #ENTRIES_MAX} entries, more than {@link #CHUNK_BYTES_MAX} bytes of a snapshot and bytes left over.
 */
final class MessageCodec {
    /** In one AppendEntries. */
    static final int ENTRIES_MAX = 1 << 16;

    /** In one InstallSnapshot. */
    static final int CHUNK_BYTES_MAX = 1 << 20;

    private static final byte PRE_VOTE = 1;
    private static final byte PRE_VOTE_REPLY = 2;
    private static final byte REQUEST_VOTE = 3;
    private static final byte REQUEST_VOTE_REPLY = 4;
    private static final byte APPEND_ENTRIES = 5;
    private static final byte APPEND_ENTRIES_REPLY = 6;
    private static final byte READ_INDEX = 7;
    private static final byte READ_INDEX_REPLY = 8;
    private static final byte TIMEOUT_NOW = 9;
    private static final byte INSTALL_SNAPSHOT = 10;
    private static final byte INSTALL_SNAPSHOT_REPLY = 11;

    private static final int APPEND_ENTRIES_BYTES = 8 * Long.BYTES;
    private static final int INSTALL_SNAPSHOT_BYTES = 5 * Long.BYTES + 1;
    private static final int ENTRY_BYTES = Long.BYTES + 1 + Integer.BYTES;
    private static final int SMALL_BODY_BYTES_MAX = 9 * Long.BYTES + 1;

    private MessageCodec() {}

    /** The length of the message's frame on the wire, prefix included; for small kinds an upper bound. */
    static int frameBytesMax(Message message) {
        if (message instanceof Message.InstallSnapshot install) {
            int dataBytes = install.data().remaining();
            Check.that(dataBytes > 0 && dataBytes <= CHUNK_BYTES_MAX, "a chunk of %d bytes", dataBytes);
            return Frame.HEADER_BYTES + INSTALL_SNAPSHOT_BYTES + dataBytes;
        }
        if (!(message instanceof Message.AppendEntries append)) {
            return Frame.HEADER_BYTES + SMALL_BODY_BYTES_MAX;
        }
        long bytes = Frame.HEADER_BYTES + APPEND_ENTRIES_BYTES;
        for (LogEntry entry : append.entries()) {
            bytes += ENTRY_BYTES + entry.command().remaining();
        }
        Check.that(
                bytes <= Frame.LENGTH_MAX && append.entries().size() <= ENTRIES_MAX,
                "%d entries of %d bytes in one AppendEntries; at most %d entries and %d bytes can be sent",
                append.entries().size(),
                bytes,
                ENTRIES_MAX,
                Frame.LENGTH_MAX);
        return (int) bytes;
    }

    /** Appends the message's frame to {@code out}, which has room for {@link #frameBytesMax} bytes. */
    static void encode(Envelope envelope, ByteBuf out) {
        envelope.message().deliverTo(new Encoder(out), envelope.from());
    }

    /**
     * Reads a frame that {@link FrameReader} has verified.
     *
     * @param frame from the version byte to the end of the body; not needed afterwards, since commands are copied: what
     *     the log keeps of a frame keeps nothing else alive
     */
    static Message decode(ByteBuffer frame) throws MalformedFrameException {
        try {
            byte version = frame.get();
            if (version != Frame.VERSION) {
                throw new MalformedFrameException(
                        "a frame of protocol version " + version + "; this server speaks " + Frame.VERSION);
            }
            Message message = body(frame.get(), frame);
            if (frame.hasRemaining()) {
                throw new MalformedFrameException(frame.remaining() + " bytes left over after " + name(message));
            }
            return message;
        } catch (BufferUnderflowException tooShort) {
            throw new MalformedFrameException("a frame ends within its message");
        }
    }

    private static Message body(byte kind, ByteBuffer in) throws MalformedFrameException {
        return switch (kind) {
            case PRE_VOTE -> new Message.PreVote(number(in), entryId(in));
            case PRE_VOTE_REPLY -> new Message.PreVoteReply(number(in), flag(in));
            case REQUEST_VOTE -> new Message.RequestVote(number(in), entryId(in), flag(in));
            case REQUEST_VOTE_REPLY -> new Message.RequestVoteReply(number(in), flag(in));
            case APPEND_ENTRIES -> appendEntries(in);
            case APPEND_ENTRIES_REPLY ->
                new Message.AppendEntriesReply(
                        number(in), flag(in), number(in), number(in), entryId(in), number(in), number(in), digest(in));
            case READ_INDEX -> new Message.ReadIndex(number(in), in.getLong());
            case READ_INDEX_REPLY -> new Message.ReadIndexReply(number(in), in.getLong(), number(in));
            case TIMEOUT_NOW -> new Message.TimeoutNow(number(in));
            case INSTALL_SNAPSHOT -> installSnapshot(in);
            case INSTALL_SNAPSHOT_REPLY ->
                new Message.InstallSnapshotReply(number(in), number(in), flag(in), number(in), number(in));
            default -> throw new MalformedFrameException("a message of unknown kind " + kind);
        };
    }

    private static Message appendEntries(ByteBuffer in) throws MalformedFrameException {
        long term = number(in);
        EntryId prevLog = entryId(in);
        long leaderCommit = number(in);
        long round = number(in);
        long askedIndex = number(in);
        Digest agreed = digest(in);
        List<LogEntry> entries = new ArrayList<>();
        long index = prevLog.index();
        while (in.hasRemaining()) {
            if (entries.size() == ENTRIES_MAX || index == Long.MAX_VALUE) {
                throw new MalformedFrameException("an AppendEntries of more than " + ENTRIES_MAX
                        + " entries, or beyond the last index there can be, after " + prevLog);
            }
            long entryTerm = number(in);
            LogEntry.Kind kind = kind(in);
            int length = in.getInt();
            if (length < 0 || length > in.remaining()) {
                throw new MalformedFrameException("a command claims " + Integer.toUnsignedString(length)
                        + " bytes where " + in.remaining() + " are left in the frame");
            }
            byte[] command = new byte[length];
            in.get(command);
            index++;
            entries.add(entry(index, entryTerm, kind, ByteBuffer.wrap(command)));
        }
        return new Message.AppendEntries(term, prevLog, List.copyOf(entries), leaderCommit, round, askedIndex, agreed);
    }

    private static Message installSnapshot(ByteBuffer in) throws MalformedFrameException {
        long term = number(in);
        long transfer = number(in);
        EntryId lastIncluded = entryId(in);
        long offset = number(in);
        boolean done = flag(in);
        int length = in.remaining();
        if (length == 0 || length > CHUNK_BYTES_MAX || offset > Long.MAX_VALUE - length) {
            throw new MalformedFrameException("a chunk of " + length + " bytes at offset " + offset + "; it has 1 to "
                    + CHUNK_BYTES_MAX + " bytes");
        }
        byte[] data = new byte[length];
        in.get(data);
        return new Message.InstallSnapshot(term, transfer, lastIncluded, offset, ByteBuffer.wrap(data), done);
    }

    private static LogEntry.Kind kind(ByteBuffer in) throws MalformedFrameException {
        byte number = in.get();
        LogEntry.Kind kind = LogEntry.Kind.of(number);
        if (kind == null) {
            throw new MalformedFrameException("an entry of unknown kind " + number);
        }
        return kind;
    }

    /** A membership is read once to see that it can be: the core takes it for granted. */
    private static LogEntry entry(long index, long term, LogEntry.Kind kind, ByteBuffer command)
            throws MalformedFrameException {
        LogEntry entry = new LogEntry(index, term, kind, command);
        if (kind == LogEntry.Kind.MEMBERSHIP) {
            try {
                var unused = entry.membership();
            } catch (IllegalArgumentException malformed) {
                throw new MalformedFrameException(String.valueOf(malformed.getMessage()));
            }
        }
        return entry;
    }

    private static long number(ByteBuffer in) throws MalformedFrameException {
        long number = in.getLong();
        if (number < 0) {
            throw new MalformedFrameException("a term, an index or a round of " + number);
        }
        return number;
    }

    private static boolean flag(ByteBuffer in) throws MalformedFrameException {
        byte flag = in.get();
        if (flag != 0 && flag != 1) {
            throw new MalformedFrameException("a flag of " + flag + ", which is neither 0 nor 1");
        }
        return flag == 1;
    }

    private static EntryId entryId(ByteBuffer in) throws MalformedFrameException {
        return new EntryId(number(in), number(in));
    }

    private static Digest digest(ByteBuffer in) throws MalformedFrameException {
        return new Digest(number(in), in.getLong());
    }

    private static String name(Message message) {
        return message.getClass().getSimpleName();
    }

    /** One method per kind: a new kind of message does not compile until it is written here. */
    private static final class Encoder implements Message.Handler {
        private final ByteBuf out;

        Encoder(ByteBuf out) {
            this.out = out;
        }

        @Override
        public void onPreVote(NodeId from, Message.PreVote request) {
            int start = begin(PRE_VOTE, request);
            entryId(request.lastLog());
            Frame.end(out, start);
        }

        @Override
        public void onPreVoteReply(NodeId from, Message.PreVoteReply reply) {
            int start = begin(PRE_VOTE_REPLY, reply);
            out.writeBoolean(reply.voteGranted());
            Frame.end(out, start);
        }

        @Override
        public void onRequestVote(NodeId from, Message.RequestVote request) {
            int start = begin(REQUEST_VOTE, request);
            entryId(request.lastLog());
            out.writeBoolean(request.leaderTransfer());
            Frame.end(out, start);
        }

        @Override
        public void onRequestVoteReply(NodeId from, Message.RequestVoteReply reply) {
            int start = begin(REQUEST_VOTE_REPLY, reply);
            out.writeBoolean(reply.voteGranted());
            Frame.end(out, start);
        }

        @Override
        public void onAppendEntries(NodeId from, Message.AppendEntries request) {
            int start = begin(APPEND_ENTRIES, request);
            entryId(request.prevLog());
            out.writeLong(request.leaderCommit()).writeLong(request.round()).writeLong(request.askedIndex());
            digest(request.agreed());
            long index = request.prevLog().index();
            for (LogEntry entry : request.entries()) {
                index++;
                Check.that(entry.index() == index, "entry %s where index %d follows", entry.id(), index);
                out.writeLong(entry.term()).writeByte(entry.kind().number);
                out.writeInt(entry.command().remaining());
                out.writeBytes(entry.command().duplicate());
            }
            Frame.end(out, start);
        }

        @Override
        public void onAppendEntriesReply(NodeId from, Message.AppendEntriesReply reply) {
            int start = begin(APPEND_ENTRIES_REPLY, reply);
            out.writeBoolean(reply.success()).writeLong(reply.matchIndex()).writeLong(reply.rejected());
            entryId(reply.hint());
            out.writeLong(reply.round()).writeLong(reply.pledgeNanos());
            digest(reply.digest());
            Frame.end(out, start);
        }

        @Override
        public void onInstallSnapshot(NodeId from, Message.InstallSnapshot request) {
            int start = begin(INSTALL_SNAPSHOT, request);
            out.writeLong(request.transfer());
            entryId(request.lastIncluded());
            out.writeLong(request.offset()).writeBoolean(request.done());
            out.writeBytes(request.data().duplicate());
            Frame.end(out, start);
        }

        @Override
        public void onInstallSnapshotReply(NodeId from, Message.InstallSnapshotReply reply) {
            int start = begin(INSTALL_SNAPSHOT_REPLY, reply);
            out.writeLong(reply.transfer()).writeBoolean(reply.accepted());
            out.writeLong(reply.offset()).writeLong(reply.matchIndex());
            Frame.end(out, start);
        }

        @Override
        public void onReadIndex(NodeId from, Message.ReadIndex request) {
            int start = begin(READ_INDEX, request);
            out.writeLong(request.id());
            Frame.end(out, start);
        }

        @Override
        public void onReadIndexReply(NodeId from, Message.ReadIndexReply reply) {
            int start = begin(READ_INDEX_REPLY, reply);
            out.writeLong(reply.id()).writeLong(reply.readIndex());
            Frame.end(out, start);
        }

        @Override
        public void onTimeoutNow(NodeId from, Message.TimeoutNow request) {
            Frame.end(out, begin(TIMEOUT_NOW, request));
        }

        private int begin(byte kind, Message message) {
            int start = Frame.begin(out, kind);
            out.writeLong(message.term());
            return start;
        }

        private void digest(Digest digest) {
            out.writeLong(digest.index()).writeLong(digest.hash());
        }

        private void entryId(EntryId id) {
            out.writeLong(id.index()).writeLong(id.term());
        }
    }
}

package io.balsa.transport;

import io.balsa.raft.NodeId;
import io.netty.buffer.ByteBuf;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The first frame in each direction of a connection: who is there, and for the accepting end whether the dialler is
 * welcome. The body:
 *
 * <pre>
 *   +-------+---------+------+----+-----------+-----------------+-------------+---------+---------+--------------+-----------+
 *   | magic | refusal | from | to | clusterId | dataDirectoryId | raftAddress | httpUrl | expects | lastLogIndex | dialsBack |
 *   +-------+---------+------+----+-----------+-----------------+-------------+---------+---------+--------------+-----------+
 *   magic "BALS" (4); from, to: int; lastLogIndex: long; dialsBack: 0 or 1; a text is its length (2) and UTF-8 without control characters
 * </pre>
 *
 * Magic and refusal stay where they are in every version of the protocol, so that a server of another version can say, and
 * understand, why it is refused; what follows may change with the frame's version byte.
 *
 * @param from the sender
 * @param to whom the sender looks for, or answers
 * @param dataDirectoryId drawn when the sender's data directory was created: a wiped server comes back with another one
 * @param raftAddress where the sender listens for other servers: one that does not know it dials back there
 * @param httpUrl where the sender's HTTP API is reached
 * @param expects the data directory that the sender's membership has for {@code to}; empty: it has none
 * @param lastLogIndex of the sender, a moment ago; 0: its log is empty
 * @param dialsBack the sender dials only since {@code to} dials it: no reason for {@code to} to keep that up
 * @param refusal why the dialler is sent away; empty: it is welcome, or this is the dialler's own hello
 */
record Hello(
        NodeId from,
        NodeId to,
        String clusterId,
        String dataDirectoryId,
        String raftAddress,
        String httpUrl,
        String expects,
        long lastLogIndex,
        boolean dialsBack,
        String refusal) {
    /** The largest length of a hello's frame. */
    static final int LENGTH_MAX = 4096;

    static final int TEXT_BYTES_MAX = 512;

    private static final int MAGIC = 0x42414c53;

    Hello {
        checkText("cluster id", clusterId);
        checkText("data-directory id", dataDirectoryId);
        checkText("address", raftAddress);
        checkText("HTTP URL", httpUrl);
        checkText("data-directory id", expects);
    }

    private static void checkText(String what, String text) {
        if (text.getBytes(StandardCharsets.UTF_8).length > TEXT_BYTES_MAX || hasControls(text)) {
            throw new IllegalArgumentException("the " + what + " '" + text + "' is longer than " + TEXT_BYTES_MAX
                    + " bytes or has control characters");
        }
    }

    /** The answer to a dialler that is sent away. */
    Hello refusing(NodeId dialler, String reason) {
        return new Hello(
                from,
                dialler,
                clusterId,
                dataDirectoryId,
                raftAddress,
                httpUrl,
                expects,
                lastLogIndex,
                dialsBack,
                reason);
    }

    Greeting greeting() {
        return new Greeting(from, clusterId, dataDirectoryId, raftAddress, httpUrl, expects, lastLogIndex);
    }

    void encode(ByteBuf out) {
        int start = Frame.begin(out, Frame.HELLO);
        out.writeInt(MAGIC);
        writeText(out, refusal);
        out.writeInt(from.value()).writeInt(to.value());
        writeText(out, clusterId);
        writeText(out, dataDirectoryId);
        writeText(out, raftAddress);
        writeText(out, httpUrl);
        writeText(out, expects);
        out.writeLong(lastLogIndex).writeBoolean(dialsBack);
        Frame.end(out, start);
    }

    /** Throws {@link RefusedException} when the sender speaks another version. */
    static Hello decode(ByteBuffer frame) throws MalformedFrameException, RefusedException {
        try {
            byte version = frame.get();
            byte kind = frame.get();
            if (kind != Frame.HELLO || frame.getInt() != MAGIC) {
                throw new MalformedFrameException("the first frame is not a Balsa server's hello");
            }
            String refusal = readText(frame);
            if (version != Frame.VERSION) {
                throw new RefusedException("it speaks protocol version " + version + ", this server version "
                        + Frame.VERSION + (refusal.isEmpty() ? "" : "; it says: " + refusal));
            }
            Hello hello = new Hello(
                    readNodeId(frame),
                    readNodeId(frame),
                    readText(frame),
                    readText(frame),
                    readText(frame),
                    readText(frame),
                    readText(frame),
                    frame.getLong(),
                    frame.get() == 1,
                    refusal);
            if (frame.hasRemaining()) {
                throw new MalformedFrameException(frame.remaining() + " bytes left over after a hello");
            }
            return hello;
        } catch (BufferUnderflowException tooShort) {
            throw new MalformedFrameException("a hello ends within its fields");
        }
    }

    /** Why {@code other}, which arrived where this one was sent, is not the server to talk to; null: it is. */
    @Nullable
    String mismatch(Hello other) {
        if (!other.clusterId.equals(clusterId)) {
            return other.from + " belongs to cluster '" + other.clusterId + "', " + from + " to cluster '" + clusterId
                    + "'";
        }
        if (!other.to.equals(from)) {
            return other.from + " looks for " + other.to + " at this address, but " + from
                    + " is here; check the addresses of the peers";
        }
        return null;
    }

    private static NodeId readNodeId(ByteBuffer in) throws MalformedFrameException {
        int value = in.getInt();
        if (value <= 0) {
            throw new MalformedFrameException("a node id of " + value);
        }
        return new NodeId(value);
    }

    private static void writeText(ByteBuf out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, TEXT_BYTES_MAX);
        while (length < bytes.length && (bytes[length] & 0xc0) == 0x80) {
            length--;
        }
        out.writeShort(length).writeBytes(bytes, 0, length);
    }

    private static String readText(ByteBuffer in) throws MalformedFrameException {
        int length = Short.toUnsignedInt(in.getShort());
        if (length > TEXT_BYTES_MAX || length > in.remaining()) {
            throw new MalformedFrameException("a text of " + length + " bytes in a hello; " + in.remaining()
                    + " are left, at most " + TEXT_BYTES_MAX + " are taken");
        }
        ByteBuffer bytes = in.slice(in.position(), length);
        in.position(in.position() + length);
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
            if (!hasControls(text)) {
                return text;
            }
        } catch (CharacterCodingException notUtf8) {
            // Said below, with the control characters: neither may reach a log file.
        }
        throw new MalformedFrameException("a text in a hello is not plain UTF-8");
    }

    private static boolean hasControls(String text) {
        return text.chars().anyMatch(Character::isISOControl);
    }
}

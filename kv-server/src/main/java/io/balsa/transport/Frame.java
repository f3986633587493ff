package io.balsa.transport;

import io.balsa.raft.Check;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The envelope of everything that travels between servers. Numbers are big-endian.
 *
 * <pre>
 *   0               4               8       9       10
 *   +---------------+---------------+-------+-------+----- - - -----+
 *   | length        | CRC32C        |version| kind  | body          |
 *   +---------------+---------------+-------+-------+----- - - -----+
 *                                   |&lt;----------- length ---------->|
 * </pre>
 *
 * The checksum covers the length and everything after the checksum, so no damaged frame is taken for a whole one. This
 * layout is the same in every version of the protocol; the version says how to read the body.
 */
final class Frame {
    /** What a server of this build speaks. */
    static final byte VERSION = 1;

    /** Length and checksum. */
    static final int PREFIX_BYTES = 8;

    /** Everything before the body. */
    static final int HEADER_BYTES = PREFIX_BYTES + 2;

    /** The largest {@code length}. A leader's batch is far smaller; a claim beyond this is refused unread. */
    static final int LENGTH_MAX = 8 << 20;

    static final byte HELLO = 16;
    static final byte PING = 17;

    /** With the {@link io.balsa.node.Shortage} of who sends it: its kind (1 byte; 0: none, 1: quota, 2: disk), limit, actual (8 each). */
    static final byte PONG = 18;

    static final int PONG_BYTES = 1 + 2 * Long.BYTES;

    private Frame() {}

    /** Starts a frame at the writer index of {@code out}; the body follows, then {@link #end}. Returns where it starts. */
    static int begin(ByteBuf out, byte kind) {
        int start = out.writerIndex();
        out.writeZero(PREFIX_BYTES).writeByte(VERSION).writeByte(kind);
        return start;
    }

    /** Fills in the length and the checksum of the frame that starts at {@code start} and ends at the writer index. */
    static void end(ByteBuf out, int start) {
        int length = out.writerIndex() - start - PREFIX_BYTES;
        Check.that(length <= LENGTH_MAX, "a frame of %d bytes; at most %d can be sent", length, LENGTH_MAX);
        out.setInt(start, length);
        out.setInt(start + 4, checksum(length, out.nioBuffer(start + PREFIX_BYTES, length)));
    }

    /** Writes a frame without a body. */
    static void empty(ByteBuf out, byte kind) {
        end(out, begin(out, kind));
    }

    /** Of a frame whose version, kind and body are {@code rest}; moves its position. */
    static int checksum(int length, ByteBuffer rest) {
        CRC32C crc = new CRC32C();
        for (int shift = 24; shift >= 0; shift -= 8) {
            crc.update(length >>> shift);
        }
        crc.update(rest);
        return (int) crc.getValue();
    }
}

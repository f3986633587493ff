package io.balsa.transport;

import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what arrives on one connection into {@link Frame}s and verifies their checksums. Keeps at most one incomplete frame
 * and one read; memory follows the bytes that came, not the length that a peer claims. Owned by the event loop.
 */
final class FrameReader {
    private static final int CAPACITY_FIRST_BYTES = 4096;
    /** An empty reader gives a larger array back. */
    private static final int CAPACITY_KEPT_BYTES = 1 << 20;

    private int lengthMax;
    private byte[] bytes = new byte[CAPACITY_FIRST_BYTES];
    private int start;
    private int end;

    /** @param lengthMax a frame whose length field is larger is refused before its bytes are kept */
    FrameReader(int lengthMax) {
        this.lengthMax = lengthMax;
    }

    void lengthMax(int newLengthMax) {
        lengthMax = newLengthMax;
    }

    /** Takes in what one read brought. */
    void add(Buffer chunk) {
        int length = chunk.length();
        makeRoom(length);
        chunk.getBytes(0, length, bytes, end);
        end += length;
    }

    /**
     * The next complete frame, from its version byte to the end of its body, or null when more bytes are needed. It is valid
     * until the next {@link #add}.
     */
    @Nullable
    ByteBuffer next() throws MalformedFrameException {
        if (end - start < Integer.BYTES) {
            return null;
        }
        ByteBuffer unread = ByteBuffer.wrap(bytes, start, end - start);
        int length = unread.getInt();
        if (length < Frame.HEADER_BYTES - Frame.PREFIX_BYTES || length > lengthMax) {
            throw new MalformedFrameException("a frame claims " + Integer.toUnsignedString(length) + " bytes; at most "
                    + lengthMax + " are taken");
        }
        if (end - start < Frame.PREFIX_BYTES + length) {
            return null;
        }
        int checksum = unread.getInt();
        ByteBuffer frame = ByteBuffer.wrap(bytes, start + Frame.PREFIX_BYTES, length);
        if (checksum != Frame.checksum(length, frame.duplicate())) {
            throw new MalformedFrameException("a frame of " + length + " bytes does not match its checksum");
        }
        start += Frame.PREFIX_BYTES + length;
        return frame;
    }

    private void makeRoom(int length) {
        int unread = end - start;
        if (unread == 0 && bytes.length > CAPACITY_KEPT_BYTES) {
            bytes = new byte[Math.max(CAPACITY_FIRST_BYTES, length)];
        } else if (bytes.length - end < length) {
            byte[] target =
                    bytes.length - unread < length ? new byte[Math.max(unread + length, 2 * bytes.length)] : bytes;
            System.arraycopy(bytes, start, target, 0, unread);
            bytes = target;
        } else {
            return;
        }
        start = 0;
        end = unread;
    }
}

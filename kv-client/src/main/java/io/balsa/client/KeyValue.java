package io.balsa.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A key with its value and history.
 *
 * @param value read-only; empty when only keys were asked for
 * @param version 1 when created, one more at each put; a delete ends it
 * @param createRevision the revision that created it
 * @param modRevision the revision that last changed it: what {@code compareAndSet} and {@code deleteIf} compare with
 */
public record KeyValue(Key key, ByteBuffer value, long version, long createRevision, long modRevision) {
    /** A view of its own: nobody else's reading moves its position. */
    @Override
    public ByteBuffer value() {
        return value.duplicate();
    }

    /** A copy of the value's bytes. */
    public byte[] valueBytes() {
        byte[] copy = new byte[value.remaining()];
        value.get(value.position(), copy);
        return copy;
    }

    /** The value read as UTF-8; malformed bytes become U+FFFD. */
    public String valueText() {
        return StandardCharsets.UTF_8.decode(value()).toString();
    }
}

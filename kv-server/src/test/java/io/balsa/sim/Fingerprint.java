package io.balsa.sim;

import java.nio.ByteBuffer;

/** A running 64-bit hash over what happened, the same on every JDK. */
final class Fingerprint {
    private long hash = 0x6a09e667f3bcc909L;

    void add(long word) {
        hash = Long.rotateLeft((hash ^ word) * 0xd1342543de82ef95L, 31) + 0x2545f4914f6cdd1dL;
    }

    void add(String text) {
        add(text.hashCode()); // Its formula is part of the Java specification.
    }

    void add(ByteBuffer bytes) {
        add(bytes.hashCode()); // So is this one's.
    }

    long value() {
        return hash;
    }
}

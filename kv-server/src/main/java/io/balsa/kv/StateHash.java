package io.balsa.kv;

import java.nio.ByteBuffer;

/** A 64-bit hash over every key and value of a {@link State} in order; the same on every JVM. Not against an attacker. */
final class StateHash {
    /** The odd number nearest to 2^64 divided by the golden ratio: multiplying by it spreads low bits to the top. */
    private static final long MULTIPLIER = 0x9e3779b97f4a7c15L;

    private long hash;

    private StateHash() {}

    static long of(State state) {
        StateHash hash = new StateHash();
        state.scan(new byte[] {0}, null, false, (key, value) -> {
            hash.add(key);
            hash.add(value);
            return true;
        });
        return hash.hash;
    }

    /** Takes in the length first, so that bytes that move from a key to its value are seen. */
    private void add(byte[] bytes) {
        mix(bytes.length);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        while (in.remaining() >= Long.BYTES) {
            mix(in.getLong());
        }
        while (in.hasRemaining()) {
            mix(in.get());
        }
    }

    private void mix(long word) {
        hash = Long.rotateLeft((hash ^ word) * MULTIPLIER, 29) + MULTIPLIER;
    }
}

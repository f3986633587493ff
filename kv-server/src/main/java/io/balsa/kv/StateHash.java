package io.balsa.kv;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/**
 * A 64-bit hash over all records of a {@link State} but the one that holds the hash: the sum of one hash a record, so that a
 * change costs that of the old record and that of the new one, whatever the state's size. The same on every JVM. Against
 * chance, not against an attacker.
 *
 * <p>Servers compare these and states keep them, so another formula needs another record in {@link Tables}.
 */
public final class StateHash {
    /** Of the record that holds the hash: the index that it is of, the hash. */
    static final int RECORD_BYTES = 2 * Long.BYTES;

    /** The odd number nearest to 2^64 divided by the golden ratio. */
    private static final long MULTIPLIER = 0x9e3779b97f4a7c15L;

    /** The fraction of the square root of 2: keeps words of zeros from making products of zero. */
    private static final long SALT = 0x6a09e667f3bcc909L;

    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private StateHash() {}

    /** Reads all of the state. */
    public static long of(State state) {
        long[] sum = {0};
        state.scan(new byte[] {0}, null, false, (key, value) -> {
            if (!isHashRecord(key)) {
                sum[0] += ofRecord(key, value);
            }
            return true;
        });
        return sum[0];
    }

    /**
     * What the state itself says that {@link #of} is, without reading the rest: it was kept up to date entry by entry. Where
     * the two differ, a record has changed in another way than by applying an entry.
     *
     * @return empty: the state has none of its last entry, since no server that knows of hashes has applied that
     */
    public static OptionalLong recorded(State state) {
        byte[] record = state.get(Tables.STATE_HASH);
        return record != null && record.length == RECORD_BYTES && Tables.number(record, 0) == state.lastApplied()
                ? OptionalLong.of(Tables.number(record, Long.BYTES))
                : OptionalLong.empty();
    }

    private static boolean isHashRecord(byte[] key) {
        return key.length == Tables.STATE_HASH.length
                && key[0] == Tables.STATE_HASH[0]
                && key[1] == Tables.STATE_HASH[1];
    }

    static long ofRecord(byte[] key, byte[] value) {
        return added(added(MULTIPLIER, key), value);
    }

    /** Takes in the length first, so that bytes that move from a key to its value are seen. */
    private static long added(long hash, byte[] bytes) {
        long mixed = folded(hash ^ bytes.length, MULTIPLIER);
        int at = 0;
        for (; at <= bytes.length - 2 * Long.BYTES; at += 2 * Long.BYTES) {
            mixed = folded(word(bytes, at) ^ SALT, word(bytes, at + Long.BYTES) ^ mixed);
        }
        long first = 0;
        if (at <= bytes.length - Long.BYTES) {
            first = word(bytes, at);
            at += Long.BYTES;
        }
        long rest = 0;
        for (; at < bytes.length; at++) {
            rest = rest << 8 | (bytes[at] & 0xff);
        }
        return folded(first ^ SALT, rest ^ mixed);
    }

    private static long word(byte[] bytes, int at) {
        return (long) WORDS.get(bytes, at);
    }

    /** All 128 bits of the product: those of a half would let a word's highest bits pass by one or two of the next word's. */
    private static long folded(long one, long other) {
        return Math.multiplyHigh(one, other) ^ (one * other);
    }
}

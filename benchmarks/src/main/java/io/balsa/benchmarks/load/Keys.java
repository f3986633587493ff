package io.balsa.benchmarks.load;

import java.nio.charset.StandardCharsets;

/** The keys of all workloads: {@code bench-000000000042}, all of one length, so that requests can be prepared. */
public final class Keys {
    /** What every key begins with. */
    public static final String PREFIX = "bench-";
    /** The first string behind all keys: the successor of {@link #PREFIX} in byte order. */
    public static final String END = "bench.";
    /** The key of {@link Kind#CAS}; sorts behind {@link #END}, so no page holds it. */
    public static final String HOT = "hot-0000000000000";
    /** Digits in a key. */
    public static final int DIGITS = 12;
    /** Keys in one {@link Kind#RANGE}. */
    public static final int PAGE = 100;

    private Keys() {}

    public static String text(long key) {
        byte[] bytes = new byte[PREFIX.length() + DIGITS];
        write(key, bytes, 0);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    /** Writes the key's {@code PREFIX.length() + DIGITS} bytes at {@code offset}. */
    @SuppressWarnings("deprecation") // The fast path for ASCII, which all of it is.
    public static void write(long key, byte[] into, int offset) {
        PREFIX.getBytes(0, PREFIX.length(), into, offset);
        digits(key, into, offset + PREFIX.length());
    }

    /** Writes the key's digits alone. */
    public static void digits(long key, byte[] into, int offset) {
        long rest = key;
        for (int i = DIGITS - 1; i >= 0; i--) {
            into[offset + i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
    }
}

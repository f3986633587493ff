package io.balsa.benchmarks.load;

import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Values of one length: printable, so that no system pays for an encoding that others are spared, random, so that they do
 * not compress, and no two alike. Thread-safe.
 */
public final class Values {
    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private static final int FRESH = 8;
    private static final long SEED = 20_261_125;

    private final byte[] base;

    public Values(int lengthBytes) {
        base = new byte[lengthBytes];
        Random random = new Random(SEED);
        for (int i = 0; i < base.length; i++) {
            base[i] = (byte) ALPHABET.charAt(random.nextInt(ALPHABET.length()));
        }
    }

    public int lengthBytes() {
        return base.length;
    }

    /** A new array that the caller may keep. */
    public byte[] next() {
        byte[] value = base.clone();
        refresh(value, 0);
        return value;
    }

    /** Writes a value at {@code offset}. */
    public void write(byte[] into, int offset) {
        System.arraycopy(base, 0, into, offset, base.length);
        refresh(into, offset);
    }

    private void refresh(byte[] value, int offset) {
        long bits = ThreadLocalRandom.current().nextLong();
        for (int i = 0; i < Math.min(FRESH, base.length); i++) {
            value[offset + i] = (byte) ALPHABET.charAt((int) (bits & 63));
            bits >>>= 6;
        }
    }
}

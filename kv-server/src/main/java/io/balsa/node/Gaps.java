package io.balsa.node;

/** The last times at which something stood still: when each ended, and how long it lasted. Thread-safe. */
public final class Gaps {
    private static final int KEPT = 64;

    private final long[] endedAtNanos = new long[KEPT];
    private final long[] nanos = new long[KEPT];
    private long count;

    /** It stood still for {@code lasted} nanoseconds, until {@code endedAt} of the monotonic clock. */
    public synchronized void add(long endedAt, long lasted) {
        int slot = (int) (count++ % KEPT);
        endedAtNanos[slot] = endedAt;
        nanos[slot] = lasted;
    }

    /** The longest that ended at or after {@code since}, in nanoseconds; 0: none. */
    public synchronized long longestSince(long since) {
        long longest = 0;
        for (int slot = 0; slot < Math.min(count, KEPT); slot++) {
            if (endedAtNanos[slot] - since >= 0) {
                longest = Math.max(longest, nanos[slot]);
            }
        }
        return longest;
    }
}

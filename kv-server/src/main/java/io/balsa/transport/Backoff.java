package io.balsa.transport;

import java.util.SplittableRandom;

/**
 * How long to wait before the next attempt to reach a peer: doubles from {@value #FIRST_MILLIS} to {@value #CAP_MILLIS} ms,
 * less up to half of it at random, so that servers do not dial in step. Owned by the event loop.
 */
final class Backoff {
    static final int FIRST_MILLIS = 10;
    static final int CAP_MILLIS = 1000;

    private final SplittableRandom random;
    private int ceilingMillis = FIRST_MILLIS;

    Backoff(SplittableRandom random) {
        this.random = random;
    }

    /** At least 1 and at most {@value #CAP_MILLIS} ms. */
    int nextMillis() {
        int millis = ceilingMillis - random.nextInt(ceilingMillis / 2 + 1);
        ceilingMillis = Math.min(2 * ceilingMillis, CAP_MILLIS);
        return millis;
    }

    void reset() {
        ceilingMillis = FIRST_MILLIS;
    }
}

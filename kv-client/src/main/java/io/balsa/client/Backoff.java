package io.balsa.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** How long to wait before the next round of tries: doubling, with jitter so that many clients do not march in step. */
final class Backoff {
    private static final long FIRST_NANOS = Duration.ofMillis(20).toNanos();
    private static final long LAST_NANOS = Duration.ofMillis(500).toNanos();
    /** A whole second, the least that Retry-After can say, is long beside an election. */
    private static final long SERVER_WISH_MAX_NANOS = Duration.ofMillis(500).toNanos();

    private static final int DOUBLINGS_MAX = 10;

    private int rounds;

    long nextNanos(Duration serverWish) {
        long own = Math.min(LAST_NANOS, FIRST_NANOS << Math.min(rounds++, DOUBLINGS_MAX));
        long wish = Math.min(SERVER_WISH_MAX_NANOS, serverWish.toNanos());
        long nanos = Math.max(own, wish);
        return ThreadLocalRandom.current().nextLong(nanos / 2, nanos + 1);
    }
}

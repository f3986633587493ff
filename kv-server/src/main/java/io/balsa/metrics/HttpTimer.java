package io.balsa.metrics;

import io.micrometer.core.instrument.Timer;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;

/** How long one kind of HTTP request takes, by the status of its answer. Thread-safe; recording allocates nothing. */
public final class HttpTimer {
    private static final int STATUS_MIN = 100;
    private static final int STATUS_MAX = 599;

    private final IntFunction<Timer> timers;
    private final AtomicReferenceArray<Timer> byStatus = new AtomicReferenceArray<>(STATUS_MAX - STATUS_MIN + 1);

    HttpTimer(IntFunction<Timer> timers) {
        this.timers = timers;
    }

    /** One request was answered with {@code status} after {@code nanos}. */
    public void record(int status, long nanos) {
        int at = Math.max(STATUS_MIN, Math.min(STATUS_MAX, status)) - STATUS_MIN;
        Timer timer = byStatus.get(at);
        if (timer == null) {
            timer = timers.apply(at + STATUS_MIN); // The registry gives the same one to whoever asks twice.
            byStatus.set(at, timer);
        }
        timer.record(nanos, java.util.concurrent.TimeUnit.NANOSECONDS);
    }
}

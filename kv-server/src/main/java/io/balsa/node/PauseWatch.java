package io.balsa.node;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/**
 * Notices when the whole process stood still: stopped by a signal, by the hypervisor, by the collector or for want of a
 * processor. A thread of its own, which does nothing but wake every few milliseconds, tells that from a disk that hangs:
 * then only the Raft thread waits.
 */
public final class PauseWatch implements AutoCloseable {
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(Timeouts.TICK_MILLIS);

    /** Shorter ones are the scheduler's everyday, and would crowd out those that matter. */
    private static final long NOTED_NANOS_MIN = TimeUnit.MILLISECONDS.toNanos(20);

    private final Gaps pauses;
    private final LongConsumer observer;
    private final Thread thread = new Thread(this::run, "pause-watch");
    private volatile boolean closed;

    /**
     * Not started yet.
     *
     * @param pauses where pauses are noted
     * @param observer is told the nanoseconds of each, on this watch's thread
     */
    public PauseWatch(Gaps pauses, LongConsumer observer) {
        this.pauses = pauses;
        this.observer = observer;
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    private void run() {
        long before = System.nanoTime();
        while (!closed) {
            LockSupport.parkNanos(PERIOD_NANOS);
            long now = System.nanoTime();
            long pause = now - before - PERIOD_NANOS;
            if (pause >= NOTED_NANOS_MIN) {
                pauses.add(now, pause);
                observer.accept(pause);
            }
            before = now;
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}

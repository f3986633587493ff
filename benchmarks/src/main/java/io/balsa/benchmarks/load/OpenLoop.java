package io.balsa.benchmarks.load;

import java.util.ArrayDeque;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Starts operations at a fixed rate. Each is measured from the moment when it was due, so a system that cannot keep up
 * shows it in its latencies: what is due while all clients are busy waits in line.
 */
public final class OpenLoop implements LoadGenerator {
    private static final long LONGEST_PARK_NANOS = 200_000;
    private static final int BACKLOG_MAX = 1_000_000;
    private static final long DRAIN_NANOS = 5_000_000_000L;
    private static final long SEED = 42;

    private final Driver driver;
    private final Load load;
    private final double intervalNanos;
    private final Recording recording = new Recording(Acks.IGNORED);
    private final SplittableRandom random = new SplittableRandom(SEED);

    /** Guards the two below. */
    private final Object lock = new Object();

    private final ArrayDeque<Integer> free = new ArrayDeque<>();
    private final ArrayDeque<Long> backlog = new ArrayDeque<>();
    private long due;

    public OpenLoop(Driver driver, Load load, double operationsPerSecond) {
        this.driver = driver;
        this.load = load;
        this.intervalNanos = 1e9 / operationsPerSecond;
        for (int i = 0; i < load.clients(); i++) {
            free.add(i);
        }
    }

    @Override
    public LoadResult run(Window window) {
        long begin = System.nanoTime();
        long measureFrom = begin + load.warmUp().toNanos();
        pace(begin, begin, measureFrom);
        window.begins();
        recording.begin();
        pace(begin, measureFrom, measureFrom + load.measured().toNanos());
        Recording.Recorded recorded = recording.end();
        window.ends();
        drain();
        return recorded.with(Latencies.ofOpenLoop(recorded.histogram()));
    }

    private void pace(long begin, long from, long until) {
        for (long now = from; now - until < 0; now = System.nanoTime()) {
            long next = begin + (long) (due * intervalNanos);
            while (next - now <= 0) {
                offer(next);
                due++;
                next = begin + (long) (due * intervalNanos);
            }
            startDue();
            LockSupport.parkNanos(Math.min(LONGEST_PARK_NANOS, Math.max(1, next - System.nanoTime())));
        }
    }

    private void offer(long dueNanos) {
        boolean refused;
        synchronized (lock) {
            refused = backlog.size() >= BACKLOG_MAX;
            if (!refused) {
                backlog.add(dueNanos);
            }
        }
        if (refused) {
            recording.lost(dueNanos, "more than " + BACKLOG_MAX + " operations overdue");
        }
    }

    private void startDue() {
        for (Call call = take(); call != null; call = take()) {
            driver.start(call.client, call.kind, call.key, call);
        }
    }

    private @Nullable Call take() {
        synchronized (lock) {
            if (free.isEmpty() || backlog.isEmpty()) {
                return null;
            }
            Kind kind = load.workload().draw(random);
            return new Call(free.remove(), kind, random.nextLong(load.keys()), backlog.remove());
        }
    }

    private void drain() {
        long giveUp = System.nanoTime() + DRAIN_NANOS;
        while (System.nanoTime() - giveUp < 0) {
            synchronized (lock) {
                backlog.clear();
                if (free.size() == load.clients()) {
                    return;
                }
            }
            LockSupport.parkNanos(LONGEST_PARK_NANOS);
        }
    }

    /** One operation; the flag says that it has ended. */
    private final class Call extends AtomicBoolean implements Completion {
        private static final long serialVersionUID = 1L;

        final int client;
        final Kind kind;
        final long key;
        final long dueNanos;

        Call(int client, Kind kind, long key, long dueNanos) {
            this.client = client;
            this.kind = kind;
            this.key = key;
            this.dueNanos = dueNanos;
        }

        @Override
        public void done() {
            if (compareAndSet(false, true)) {
                recording.done(client, dueNanos);
                release();
                startDue();
            }
        }

        @Override
        public void conflict() {
            if (compareAndSet(false, true)) {
                recording.conflict(dueNanos);
                release();
                startDue();
            }
        }

        /** The pacing thread starts what comes next: a failure inside of start would recurse. */
        @Override
        public void failed(String why) {
            if (compareAndSet(false, true)) {
                recording.failed(why);
                release();
            }
        }

        private void release() {
            synchronized (lock) {
                free.add(client);
            }
        }
    }
}

package io.balsa.benchmarks.load;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** Takes in how operations ended, from any thread. What ends before {@link #begin} is forgotten there. */
final class Recording {
    private static final int SIGNIFICANT_DIGITS = 3;
    private static final long LONGEST_NANOS = 300_000_000_000L;
    private static final int REASONS_MAX = 16;

    private final Recorder recorder = new Recorder(LONGEST_NANOS, SIGNIFICANT_DIGITS);
    private final LongAdder done = new LongAdder();
    private final LongAdder conflicts = new LongAdder();
    private final ConcurrentHashMap<String, LongAdder> failures = new ConcurrentHashMap<>();
    private final Acks acks;
    private long beganNanos;

    Recording(Acks acks) {
        this.acks = acks;
    }

    void done(int client, long startedNanos) {
        long now = System.nanoTime();
        record(now - startedNanos);
        done.increment();
        acks.acknowledged(client, now);
    }

    void conflict(long startedNanos) {
        record(System.nanoTime() - startedNanos);
        conflicts.increment();
    }

    /** No answer in time: the wait is a latency like any other. */
    void lost(long startedNanos, String why) {
        record(System.nanoTime() - startedNanos);
        failed(why);
    }

    /** A failure is counted, not timed: quick refusals would make a system look quick. */
    void failed(String why) {
        String reason = failures.size() < REASONS_MAX || failures.containsKey(why) ? why : "other";
        failures.computeIfAbsent(reason, key -> new LongAdder()).increment();
    }

    /** An operation that was given up has succeeded after all. */
    void late(int client) {
        acks.acknowledged(client, System.nanoTime());
    }

    private void record(long nanos) {
        recorder.recordValue(Math.min(Math.max(nanos, 1), LONGEST_NANOS));
    }

    void begin() {
        recorder.reset();
        done.reset();
        conflicts.reset();
        failures.clear();
        beganNanos = System.nanoTime();
    }

    /** What was recorded since {@link #begin}. */
    Recorded end() {
        double seconds = (System.nanoTime() - beganNanos) / 1e9;
        Map<String, Long> counts = new TreeMap<>();
        failures.forEach((why, count) -> counts.put(why, count.sum()));
        return new Recorded(seconds, done.sum(), conflicts.sum(), counts, recorder.getIntervalHistogram());
    }

    record Recorded(double seconds, long done, long conflicts, Map<String, Long> failures, Histogram histogram) {
        LoadResult with(Latencies latencies) {
            return new LoadResult(seconds, done, conflicts, failures, latencies);
        }
    }
}

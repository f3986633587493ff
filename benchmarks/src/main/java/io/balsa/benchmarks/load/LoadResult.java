package io.balsa.benchmarks.load;

import java.util.Map;

/**
 * What came of one load.
 *
 * @param seconds how long was recorded
 * @param done operations that succeeded
 * @param conflicts operations whose condition did not hold
 * @param failures how many operations failed, by reason
 */
public record LoadResult(double seconds, long done, long conflicts, Map<String, Long> failures, Latencies latencies) {
    public LoadResult {
        failures = Map.copyOf(failures);
    }

    public double donePerSecond() {
        return done / seconds;
    }

    /** Operations that the system answered, conflicts included. */
    public long answered() {
        return done + conflicts;
    }

    public long failed() {
        return failures.values().stream().mapToLong(Long::longValue).sum();
    }
}

package io.balsa.benchmarks.load;

import org.HdrHistogram.Histogram;

/**
 * Percentiles in milliseconds, as recorded and corrected for coordinated omission; NaN where nothing was recorded.
 *
 * @param p50 corrected, as {@code p99}, {@code p999} and {@code max}
 * @param rawP50 as recorded, as {@code rawP99} and {@code rawP999}
 */
public record Latencies(double p50, double p99, double p999, double max, double rawP50, double rawP99, double rawP999) {
    private static final double NANOS_PER_MILLI = 1e6;

    /**
     * Of a closed loop.
     *
     * @param paceNanos how often one client would have sent, had no answer been late: its average interval
     */
    static Latencies ofClosedLoop(Histogram recorded, long paceNanos) {
        return of(recorded, paceNanos > 0 ? recorded.copyCorrectedForCoordinatedOmission(paceNanos) : recorded);
    }

    /** Of an open loop: each was measured from when it was due, so there is nothing to correct. */
    static Latencies ofOpenLoop(Histogram recorded) {
        return of(recorded, recorded);
    }

    private static Latencies of(Histogram recorded, Histogram corrected) {
        return new Latencies(
                millis(corrected, 50),
                millis(corrected, 99),
                millis(corrected, 99.9),
                millis(corrected, 100),
                millis(recorded, 50),
                millis(recorded, 99),
                millis(recorded, 99.9));
    }

    private static double millis(Histogram histogram, double percentile) {
        return histogram.getTotalCount() == 0
                ? Double.NaN
                : histogram.getValueAtPercentile(percentile) / NANOS_PER_MILLI;
    }
}

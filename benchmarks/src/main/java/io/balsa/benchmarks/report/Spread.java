package io.balsa.benchmarks.report;

import java.util.Arrays;
import java.util.Collection;

/** Median, least and greatest of a number over the rounds; NaN when there was none. */
public record Spread(double median, double least, double greatest) {
    public static Spread of(Collection<Double> numbers) {
        double[] sorted = numbers.stream()
                .mapToDouble(Double::doubleValue)
                .filter(number -> !Double.isNaN(number))
                .sorted()
                .toArray();
        if (sorted.length == 0) {
            return new Spread(Double.NaN, Double.NaN, Double.NaN);
        }
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], Arrays.stream(sorted).max().orElse(median));
    }
}

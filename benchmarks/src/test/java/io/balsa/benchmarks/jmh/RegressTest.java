package io.balsa.benchmarks.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.benchmarks.jmh.Regress.Score;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RegressTest {
    private static String compare(Score before, Score after) {
        return Regress.compare(Map.of("b", before), Map.of("b", after));
    }

    private static Score time(double score, double error) {
        return new Score(score, score - error, score + error, false);
    }

    @Test
    void moreTimeBeyondBothIntervalsIsARegression() {
        assertThat(compare(time(100, 2), time(120, 3))).startsWith("REGRESSED");
    }

    @Test
    void lessTimeIsBetter() {
        assertThat(compare(time(120, 2), time(100, 3))).startsWith("better");
    }

    @Test
    void overlappingIntervalsAreNoise() {
        assertThat(compare(time(100, 15), time(120, 15))).startsWith("same");
    }

    @Test
    void aSmallDifferenceIsNoneHoweverSure() {
        assertThat(compare(time(100, 0.1), time(103, 0.1))).startsWith("same");
    }

    @Test
    void lessThroughputIsARegression() {
        assertThat(compare(new Score(100, 99, 101, true), new Score(80, 79, 81, true)))
                .startsWith("REGRESSED");
    }

    @Test
    void aMissingBenchmarkIsSaid() {
        assertThat(Regress.compare(Map.of("b", time(1, 0)), Map.of())).startsWith("MISSING   b");
    }

    @Test
    void readsScoresParametersAndAllocationFromJmhsFile(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("r.json");
        Files.writeString(file, """
                [{"jmhVersion":"1.37","benchmark":"io.balsa.X.encode","mode":"avgt","jvmArgs":["-a"],
                  "params":{"batch":"16"},
                  "primaryMetric":{"score":10.5,"scoreError":"NaN","scoreConfidence":[9.5,11.5],
                    "scorePercentiles":{"0.0":1},"scoreUnit":"us/op","rawData":[[10.5]]},
                  "secondaryMetrics":{"gc.alloc.rate.norm":{"score":64,"scoreConfidence":["NaN","NaN"]},
                    "gc.count":{"score":1,"scoreConfidence":[1,1]}}}]
                """);
        assertThat(Regress.read(file))
                .containsOnly(
                        Map.entry("io.balsa.X.encode{batch=16}", new Score(10.5, 9.5, 11.5, false)),
                        Map.entry("io.balsa.X.encode{batch=16} allocated bytes", new Score(64, 64, 64, false)));
    }
}

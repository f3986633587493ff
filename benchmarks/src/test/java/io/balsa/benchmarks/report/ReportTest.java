package io.balsa.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.benchmarks.cluster.Usage;
import io.balsa.benchmarks.load.Latencies;
import io.balsa.benchmarks.load.LoadResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReportTest {
    private static Run run(String system, int round, int clients, long done) {
        LoadResult result = new LoadResult(2, done, 0, Map.of(), new Latencies(1, 2, 3, 4, 0.9, 1.9, 2.9));
        return new Run(
                system,
                round,
                "put",
                clients,
                3,
                10_000,
                256,
                0,
                result,
                new Usage(1, 1 << 20, 3_000_000),
                new Usage(0.5, 0, 0));
    }

    @Test
    void aSpreadIsTheMedianWithItsRange() {
        assertThat(Spread.of(List.of(5.0, 1.0, 9.0, Double.NaN))).isEqualTo(new Spread(5, 1, 9));
        assertThat(Spread.of(List.of(4.0, 2.0)).median()).isEqualTo(3);
        assertThat(Spread.of(List.of()).median()).isNaN();
    }

    @Test
    void aRunIsOneLineOfCsvWithAFieldForEachColumn() {
        List<String> lines =
                Csv.runs(List.of(run("balsa", 1, 256, 20_000))).lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(lines.get(1).split(",", -1)).hasSameSizeAs(lines.get(0).split(",", -1));
        assertThat(lines.get(1)).startsWith("balsa,1,put,256,3,10000,256,0.000,2.000,20000,0,0,10000.000,");
        assertThat(lines.get(1)).endsWith(",0.500,0.250,1048576,150.000");
    }

    @Test
    void targetsAreJudgedByMedians() {
        Results results = new Results();
        for (int round = 1; round <= 3; round++) {
            results.add(run("balsa", round, 256, 60_000L * round));
            results.add(run("etcd", round, 256, 20_000));
            results.add(run("zookeeper", round, 256, 10_000));
        }
        String table = Targets.table(results).toString();
        assertThat(table.lines().filter(line -> line.contains("puts/s, 256 clients, Java")))
                .singleElement()
                .asString()
                .contains("60,000")
                .contains("10,000")
                .contains("6.00×")
                .contains("| yes");
        assertThat(table.lines().filter(line -> line.contains("puts/s, 1 client")))
                .singleElement()
                .asString()
                .contains("not measured");
    }

    @Test
    void theReportNamesItsCommandAndDrawsWhatHasTwoPoints(@TempDir Path directory) throws IOException {
        Results results = new Results();
        results.add(run("balsa", 1, 1, 100));
        results.add(run("balsa", 1, 256, 20_000));
        results.add(new Outage("balsa", "default", "kill", 1, 80, 120));
        results.note("SKIPPED: etcd");
        new Report(results, "benchmarks/compare --x", List.of("CPU: fast"), List.of("balsa 1")).write(directory);
        String markdown = Files.readString(directory.resolve("RESULTS.md"));
        assertThat(markdown)
                .contains("benchmarks/compare --x", "- CPU: fast", "- balsa 1", "- SKIPPED: etcd", "results/puts.svg");
        assertThat(Files.readString(directory.resolve("results/puts.svg")))
                .startsWith("<svg")
                .endsWith("</svg>\n");
        assertThat(Files.readString(directory.resolve("results/fail-over.csv")))
                .contains("balsa,default,kill,1,80.000");
        assertThat(directory.resolve("results/growth.svg")).doesNotExist();
    }
}

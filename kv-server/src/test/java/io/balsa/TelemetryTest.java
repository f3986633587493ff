package io.balsa;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.metrics.Metrics;
import io.balsa.node.ElectionJournal;
import io.balsa.node.Gaps;
import io.balsa.node.Refusal;
import io.balsa.node.Timeouts;
import io.balsa.node.Uncertainty;
import io.balsa.raft.NodeId;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class TelemetryTest {
    @Test
    void whatIsRefusedOrUnknownIsCountedByItsReason() {
        try (Metrics metrics = new Metrics()) {
            Telemetry telemetry = telemetry(metrics);
            telemetry.writeRefused(Refusal.BUSY);
            telemetry.writeUncertain(Uncertainty.COMMIT_TIMEOUT);
            telemetry.readRefused(Refusal.NO_LEADER);
            assertThat(metrics.scrape(null).text())
                    .contains("balsa_proposals_failed_total{reason=\"busy\"} 1.0")
                    .contains("balsa_proposals_failed_total{reason=\"commit_timeout\"} 1.0")
                    .contains("balsa_reads_failed_total{reason=\"no_leader\"} 1.0");
        }
    }

    @Test
    void aSlowCommitIsCounted() {
        try (Metrics metrics = new Metrics()) {
            Telemetry telemetry = telemetry(metrics);
            telemetry.committed(TimeUnit.MILLISECONDS.toNanos(99));
            telemetry.committed(TimeUnit.MILLISECONDS.toNanos(101));
            assertThat(metrics.scrape(null).text()).contains("balsa_log_commit_slow_total 1.0");
        }
    }

    private static Telemetry telemetry(Metrics metrics) {
        Gaps commits = new Gaps();
        ElectionJournal journal = new ElectionJournal(
                new NodeId(1),
                Timeouts.LAN,
                List.of(),
                () -> 0,
                () -> 0,
                new Gaps(),
                commits,
                (election, amended) -> {});
        return new Telemetry(new NodeId(1), metrics, journal, commits, 100, membership -> {});
    }
}

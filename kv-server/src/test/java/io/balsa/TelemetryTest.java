package io.balsa;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.metrics.Metrics;
import io.balsa.node.Refusal;
import io.balsa.node.Uncertainty;
import io.balsa.raft.NodeId;
import org.junit.jupiter.api.Test;

final class TelemetryTest {
    @Test
    void whatIsRefusedOrUnknownIsCountedByItsReason() {
        try (Metrics metrics = new Metrics()) {
            Telemetry telemetry = new Telemetry(new NodeId(1), metrics);
            telemetry.writeRefused(Refusal.BUSY);
            telemetry.writeUncertain(Uncertainty.COMMIT_TIMEOUT);
            telemetry.readRefused(Refusal.NO_LEADER);
            assertThat(metrics.scrape(null).text())
                    .contains("balsa_proposals_failed_total{reason=\"busy\"} 1.0")
                    .contains("balsa_proposals_failed_total{reason=\"commit_timeout\"} 1.0")
                    .contains("balsa_reads_failed_total{reason=\"no_leader\"} 1.0");
        }
    }
}

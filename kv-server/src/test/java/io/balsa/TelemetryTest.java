package io.balsa;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.balsa.metrics.Metrics;
import io.balsa.node.ElectionJournal;
import io.balsa.node.Gaps;
import io.balsa.node.Refusal;
import io.balsa.node.Timeouts;
import io.balsa.node.Uncertainty;
import io.balsa.raft.Divergence;
import io.balsa.raft.NodeId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

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

    @Test
    void aLeaderSaysWhoseStateCannotBeTrusted() {
        Logger logger = (Logger) LoggerFactory.getLogger("io.balsa.raft");
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        logged.start();
        logger.addAppender(logged);
        Map<NodeId, Long> hashes = Map.of(new NodeId(1), 10L, new NodeId(2), 11L, new NodeId(3), 10L);
        try (Metrics metrics = new Metrics()) {
            telemetry(metrics).statesDiffer(new Divergence(7, hashes, 10L));
            telemetry(metrics).statesDiffer(new Divergence(8, hashes, null));
        } finally {
            logger.detachAppender(logged);
        }
        assertThat(logged.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .satisfiesExactly(
                        line -> assertThat(line)
                                .contains(
                                        "the servers' states differ behind entry 7",
                                        "n2 hashes to b",
                                        "[n2] cannot be trusted"),
                        line -> assertThat(line).contains("behind entry 8", "No majority says which is right"));
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

package io.balsa.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.balsa.node.NodeStatus;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private static final NodeId OWN = new NodeId(1);
    private static final NodeId PEER = new NodeId(2);

    private final Metrics metrics = new Metrics();

    @AfterEach
    void close() {
        metrics.close();
    }

    private static NodeStatus status(String role, NodeId leader) {
        boolean leads = role.equals("leader");
        return new NodeStatus(
                OWN,
                role,
                5,
                leader,
                21,
                120,
                7777,
                95,
                110,
                100,
                90,
                3,
                2,
                4096,
                6,
                true,
                leads,
                new NodeStatus.Comparisons(88, 77, 5),
                Membership.of(OWN, PEER),
                List.of(
                        new NodeStatus.Member(OWN, leads ? 120 : 0, leads ? 0 : -1),
                        new NodeStatus.Member(PEER, leads ? 100 : 0, leads ? 250 : -1)));
    }

    private String scrape() {
        return metrics.scrape(null).text();
    }

    @Test
    void theNodesStatusIsReadWhenItIsScraped() {
        NodeStatus[] now = {status("leader", OWN)};
        metrics.node(() -> now[0]);
        assertThat(scrape())
                .contains(
                        "balsa_raft_has_leader 1.0",
                        "balsa_raft_is_leader 1.0",
                        "balsa_raft_role{role=\"leader\"} 1.0",
                        "balsa_raft_role{role=\"follower\"} 0.0",
                        "balsa_raft_term 5.0",
                        "balsa_raft_leader_changes_total 6.0",
                        "balsa_raft_last_log_index 120.0",
                        "balsa_raft_commit_index 110.0",
                        "balsa_raft_applied_index 100.0",
                        "balsa_divergence_compared_index 88.0",
                        "balsa_divergence_comparisons_total 77.0",
                        "balsa_divergence_mismatches_total 5.0",
                        "balsa_kv_revision 90.0",
                        "balsa_proposals_pending 3.0",
                        "balsa_reads_pending 2.0",
                        "balsa_raft_unapplied_bytes 4096.0",
                        "balsa_raft_peer_lag_entries{peer=\"n2\"} 20.0",
                        "balsa_raft_peer_contact_seconds{peer=\"n2\"} 0.25");
        now[0] = status("follower", PEER);
        assertThat(scrape()).contains("balsa_raft_is_leader 0.0", "balsa_raft_peer_lag_entries{peer=\"n2\"} NaN");
    }

    @Test
    void timesAreSecondsAndSizesAreBytes() {
        metrics.turn(TimeUnit.MILLISECONDS.toNanos(3));
        metrics.logCommit(TimeUnit.MILLISECONDS.toNanos(2), 7, 700);
        metrics.stateCommit(TimeUnit.MILLISECONDS.toNanos(20));
        metrics.proposalCommitted(TimeUnit.MILLISECONDS.toNanos(4));
        metrics.proposalFailed("busy");
        metrics.proposalFailed("busy");
        metrics.readServed("linearizable", TimeUnit.MILLISECONDS.toNanos(5));
        metrics.readServed("stale", 0);
        metrics.readFailed("timeout");
        metrics.transport(() -> new TransportTotals(2, 200, 1, 100, 7, 8, 9, 10, 2));
        metrics.stores(() -> new StoreSizes(11, 22, 1, 33), 2);
        metrics.http(() -> 4, () -> 5, () -> 6);
        assertThat(scrape())
                .contains(
                        "balsa_raft_turn_seconds_count 1",
                        "balsa_raft_turn_seconds_sum 0.003",
                        "balsa_log_commit_seconds_bucket{le=\"0.001\"} 0",
                        "balsa_log_commit_seconds_bucket{le=\"0.002\"} 1",
                        "balsa_log_commit_entries_sum 7.0",
                        "balsa_log_written_bytes_total 700.0",
                        "balsa_state_commit_seconds_sum 0.02",
                        "balsa_proposals_commit_seconds_sum 0.004",
                        "balsa_proposals_failed_total{reason=\"busy\"} 2.0",
                        "balsa_reads_wait_seconds_count{consistency=\"linearizable\"} 1",
                        "balsa_reads_wait_seconds_sum{consistency=\"linearizable\"} 0.005",
                        "balsa_reads_wait_seconds_sum{consistency=\"stale\"} 0.0",
                        "balsa_reads_failed_total{reason=\"timeout\"} 1.0",
                        "balsa_transport_sent_messages_total 2.0",
                        "balsa_transport_sent_bytes_total 200.0",
                        "balsa_transport_received_messages_total 1.0",
                        "balsa_transport_received_bytes_total 100.0",
                        "balsa_transport_dropped_messages_total 7.0",
                        "balsa_transport_peers_connected 2.0",
                        "balsa_store_size_bytes{store=\"log\"} 11.0",
                        "balsa_store_size_bytes{store=\"state\"} 22.0",
                        "balsa_store_size_bytes{store=\"set-aside\"} 33.0",
                        "balsa_store_set_aside_stores 1.0",
                        "balsa_store_set_aside_total 2.0",
                        "balsa_http_connections 4.0",
                        "balsa_http_in_flight_requests 5.0",
                        "balsa_http_in_flight_bytes 6.0");
    }

    @Test
    void requestsAreTimedByMethodRouteAndStatus() {
        HttpTimer timer = metrics.httpTimer("GET", "/v1/kv/{key}");
        timer.record(200, 1_000_000);
        timer.record(200, 1_000_000);
        timer.record(404, 1_000_000);
        timer.record(99_999, 1_000_000);
        assertThat(scrape())
                .contains(
                        "balsa_http_requests_seconds_count{method=\"GET\",route=\"/v1/kv/{key}\",status=\"200\"} 2",
                        "balsa_http_requests_seconds_count{method=\"GET\",route=\"/v1/kv/{key}\",status=\"404\"} 1",
                        "balsa_http_requests_seconds_count{method=\"GET\",route=\"/v1/kv/{key}\",status=\"599\"} 1");
    }

    @Test
    void theJvmAndTheProcessAreMeasured() {
        assertThat(scrape())
                .contains(
                        "jvm_memory_used_bytes",
                        "jvm_gc_",
                        "jvm_threads_live_threads",
                        "process_cpu_usage",
                        "process_uptime_seconds");
    }

    /** A server adds them some time after its start, and then a scrape may come. */
    @Test
    void collectionsAreCountedFromWhenTheJvmsMetersAreThere() {
        metrics.addJvm();
        System.gc();
        metrics.addJvm();
        await().untilAsserted(() -> assertThat(scrape()).contains("cause=\"System.gc()\""));
    }
}

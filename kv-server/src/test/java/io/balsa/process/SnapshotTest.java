package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A follower that was away while the log was cut comes back by a snapshot, and nobody else notices. */
final class SnapshotTest {
    private static final Duration CAUGHT_UP_MAX = Duration.ofSeconds(60);

    @Test
    @Timeout(300)
    void aFollowerFromBeforeTheLogsFirstEntryCatchesUpByASnapshotUnderLoad() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start(
                        "snapshot", 3, "standard", "--compact-entries", "300", "--compact-tail", "30");
                Writers writers = Writers.start(cluster, 3)) {
            writers.awaitApplied(200);
            ServerProcess leader = cluster.awaitLeader();
            ServerProcess follower = cluster.othersThan(leader).get(0);
            String term = status(cluster, leader).get("term");
            for (int round = 0; round < 2; round++) {
                long lastLogIndex = number(cluster, follower, "lastLogIndex");
                follower.kill();
                await("the leader's log begins behind entry " + lastLogIndex)
                        .atMost(CAUGHT_UP_MAX)
                        .until(() -> number(cluster, leader, "firstLogIndex") > lastLogIndex + 1_000);
                follower.start();
                cluster.awaitReady(follower);
                await("entries that it has only by a snapshot")
                        .atMost(CAUGHT_UP_MAX)
                        .until(() -> number(cluster, follower, "firstLogIndex") > lastLogIndex + 1);
                if (round == 0) {
                    follower.kill(); // Right after an install.
                    follower.start();
                    cluster.awaitReady(follower);
                }
                writers.awaitApplied(100);
            }
            assertThat(status(cluster, leader)).containsEntry("role", "leader").containsEntry("term", term);
            writers.stop();
            writers.verify(cluster);
        }
    }

    private static Map<String, String> status(ProcessCluster cluster, ServerProcess server) {
        return cluster.kv().status(server.http());
    }

    private static long number(ProcessCluster cluster, ServerProcess server, String field) {
        return Long.parseLong(status(cluster, server).getOrDefault(field, "-1"));
    }
}

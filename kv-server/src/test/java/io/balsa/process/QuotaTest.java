package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.balsa.client.BalsaClient;
import io.balsa.client.SpaceQuotaException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cluster that reaches its quota takes no more, serves all else, and is cleared by deletes alone. */
final class QuotaTest {
    private static final long QUOTA_BYTES = 1 << 20;
    private static final Duration CHECKPOINT_MAX = Duration.ofSeconds(60);

    @Test
    @Timeout(180)
    void aQuotaRefusesWritesUntilDeletesHaveMadeRoom() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("quota", 3, "standard", "--quota-mb", "1");
                BalsaClient client = BalsaClient.builder()
                        .endpoints(cluster.servers().stream()
                                .map(server -> server.http().toString())
                                .toList())
                        .deadline(Duration.ofSeconds(20))
                        .build()) {
            String value = "v".repeat(100_000);
            int[] written = {0};
            SpaceQuotaException[] refused = new SpaceQuotaException[1];
            await("the quota is reached").atMost(CHECKPOINT_MAX).until(() -> {
                try {
                    client.put("k" + written[0] % 12, value);
                    written[0]++;
                    return false;
                } catch (SpaceQuotaException full) {
                    refused[0] = full;
                    return true;
                }
            });
            assertThat(written[0]).isGreaterThan(10);
            assertThat(refused[0].limit()).isEqualTo(QUOTA_BYTES);
            assertThat(refused[0].actual()).isGreaterThan(QUOTA_BYTES);
            ServerProcess.Run run = ServerProcess.balsa(
                    "put", List.of("--endpoints", cluster.awaitLeader().http().toString(), "one-more", "x"));
            assertThat(run.exit()).isEqualTo(4);
            assertThat(run.output()).contains("its quota is " + QUOTA_BYTES, "reads and deletes are served");
            assertThat(client.get("k1").orElseThrow().valueText()).isEqualTo(value);
            cluster.awaitLeader();
            for (int i = 0; i < 12; i++) {
                assertThat(client.delete("k" + i)).isTrue();
            }
            await("there is room again").atMost(CHECKPOINT_MAX).until(() -> {
                try {
                    client.put("again", value);
                    return true;
                } catch (SpaceQuotaException full) {
                    return false;
                }
            });
            assertThat(cluster.servers()).allMatch(ServerProcess::isAlive);
            cluster.awaitSameRevision();
        }
    }
}

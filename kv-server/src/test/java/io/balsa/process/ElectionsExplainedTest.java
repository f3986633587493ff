package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cluster says afterwards, in a sentence, why its leader changed. */
final class ElectionsExplainedTest {
    private static final Duration EXPLAINED_MAX = Duration.ofSeconds(30);

    private final KvHttp kv = new KvHttp();

    @Test
    @Timeout(180)
    void aPauseAKillAndATransferAreToldApart() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("elections", 3, "lan")) {
            ServerProcess paused = cluster.awaitLeader();
            paused.pause();
            ServerProcess second = cluster.awaitLeader(cluster.othersThan(paused));
            String meanwhile = latest(second.http());
            assertThat(meanwhile)
                    .as("a stopped server is named, and not waited for")
                    .contains("\"node\":\"" + paused.id());
            paused.resume();
            cluster.awaitReady(paused);
            explained(
                    second.http(),
                    second.id() + " took over from " + paused.id() + " in term ",
                    "process was paused for");

            ServerProcess killed = cluster.awaitLeader();
            killed.kill();
            ServerProcess third = cluster.awaitLeader(cluster.othersThan(killed));
            explained(
                    third.http(),
                    third.id() + " took over from " + killed.id() + " in term ",
                    killed.id() + "'s process closed its connection");
            killed.start();
            cluster.awaitReady(killed);

            ServerProcess old = cluster.awaitLeader();
            ServerProcess heir = cluster.othersThan(old).get(0);
            assertThat(kv.post(old.http(), "/v1/cluster/leader", "{\"target\":\"" + heir.id() + "\"}")
                            .status())
                    .isEqualTo(200);
            explained(heir.http(), heir.id() + " took over from " + old.id(), old.id() + " handed its leadership over");

            assertThat(heir.terminate()).isEqualTo(143);
            heir.start();
            cluster.awaitReady(heir);
            assertThat(kv.read(heir.http(), "/v1/cluster/elections?local&limit=1000")
                            .body())
                    .as("the journal outlives its process")
                    .contains("handed its leadership over");
        }
    }

    private String latest(URI server) throws Exception {
        return kv.read(server, "/v1/cluster/elections?limit=1").body();
    }

    private void explained(URI server, String... parts) {
        await().atMost(EXPLAINED_MAX)
                .untilAsserted(() -> assertThat(latest(server)).contains(parts));
        try {
            System.out.println(latest(server).replaceAll(".*\"explanation\":\"([^\"]*)\".*", "$1"));
        } catch (Exception unexpected) {
            throw new AssertionError(unexpected);
        }
    }
}

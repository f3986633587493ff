package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.balsa.storage.TamperedState;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server whose state is another one than the others have made of the same log: found by comparing, and set aside. */
final class DivergenceTest {
    private static final Duration FOUND_MAX = Duration.ofSeconds(30);
    private static final int EXIT_SIGTERM = 128 + 15;

    @Test
    @Timeout(180)
    void aServerWhoseStateDiffersIsFoundThoughNothingIsWritten() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("divergence", 3, "standard")) {
            ServerProcess leader = cluster.awaitLeader();
            cluster.kv().put(leader.http(), "a", "1");
            cluster.awaitSameRevision();
            for (ServerProcess server : cluster.servers()) {
                await("all servers know that they are equal")
                        .atMost(FOUND_MAX)
                        .until(() -> compared(cluster, server) == number(cluster, server, "lastApplied"));
            }
            ServerProcess wrong = cluster.othersThan(leader).get(0);
            assertThat(wrong.terminate()).isEqualTo(EXIT_SIGTERM);
            TamperedState.flipABitOf("a", cluster.dataOf(wrong.id()));
            wrong.start();
            long pid = wrong.pid();
            await("it sets its store aside")
                    .atMost(FOUND_MAX)
                    .until(() -> wrong.logged().contains("has set its store aside"));
            assertThat(wrong.logged()).contains("is not what a majority of the voters has made of the same entries");
            // The leader says so, too, if that answer has reached it: the server does not wait for that before it
            // stops.
            String metrics = cluster.kv().read(leader.http(), "/metrics").body();
            assertThat(metrics).containsPattern("balsa_divergence_mismatches_total(\\{\\})? [0-9]");
            boolean heard = !metrics.matches("(?s).*balsa_divergence_mismatches_total(\\{\\})? 0.*");
            System.out.println("the leader has heard of it: " + heard);
            if (heard) {
                await("its log says so")
                        .untilAsserted(() -> assertThat(leader.logged())
                                .contains("the servers' states differ", "[" + wrong.id() + "] cannot be trusted"));
            }
            for (ServerProcess other : cluster.othersThan(wrong)) {
                assertThat(other.isAlive()).as("%s", other).isTrue();
            }
            cluster.awaitReady(wrong);
            cluster.kv().put(leader.http(), "b", "2");
            await("it is filled by the others, and equal")
                    .atMost(FOUND_MAX)
                    .until(() -> compared(cluster, wrong) == number(cluster, leader, "lastApplied"));
            cluster.awaitSameRevision();
            assertThat(wrong.pid()).as("the same process").isEqualTo(pid);
            assertThat(number(cluster, wrong, "setAsideStores")).isEqualTo(1);
            assertThat(cluster.kv()
                            .read(wrong.http(), "/v1/kv/a?consistency=stale")
                            .body())
                    .contains("\"value\":\"1\"");
        }
    }

    private static long compared(ProcessCluster cluster, ServerProcess server) {
        return number(cluster, server, "comparedIndex");
    }

    private static long number(ProcessCluster cluster, ServerProcess server, String field) {
        return Long.parseLong(cluster.kv().status(server.http()).getOrDefault(field, "-1"));
    }
}

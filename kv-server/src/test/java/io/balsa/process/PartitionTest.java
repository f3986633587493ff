package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The connections between the servers are cut by proxies; their clients reach all of them all the time. */
final class PartitionTest {
    private static final int ROUNDS = 3;
    private static final int READS = 4;
    private static final Duration HEALED_MAX = Duration.ofSeconds(15);

    @Test
    @Timeout(120)
    void anIsolatedLeaderServesNoOldValueAndAcknowledgesNoWrite() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.startWithProxies("partition", 3, "lan")) {
            KvHttp kv = cluster.kv();
            for (int round = 0; round < ROUNDS; round++) {
                ServerProcess old = cluster.awaitLeader();
                assertThat(kv.put(old.http(), "part", "old-" + round)).isEqualTo(KvHttp.Outcome.APPLIED);
                cluster.isolate(old);
                // At once, while it still believes that it leads; and again when it cannot any more.
                CompletableFuture<KvHttp.Outcome> minority = kv.createLater(old.http(), "minority/" + round, "x");
                ServerProcess successor = cluster.awaitLeader(cluster.othersThan(old));
                assertThat(kv.put(successor.http(), "part", "new-" + round)).isEqualTo(KvHttp.Outcome.APPLIED);
                CompletableFuture<KvHttp.Outcome> late = kv.createLater(old.http(), "minority/late-" + round, "x");
                List<CompletableFuture<KvHttp.Answer>> reads = new ArrayList<>();
                for (int i = 0; i < READS; i++) {
                    reads.add(kv.get(old.http(), "part", "linearizable"));
                }
                for (CompletableFuture<KvHttp.Answer> read : reads) {
                    PauseTest.isNewOrRefused(read, "new-" + round);
                }
                assertThat(minority.get()).as("a write without a majority").isNotEqualTo(KvHttp.Outcome.APPLIED);
                assertThat(late.get()).as("a write without a leader").isNotEqualTo(KvHttp.Outcome.APPLIED);

                cluster.heal();
                awaitWritable(cluster, "healed/" + round);
                cluster.awaitSameRevision();
                assertThat(kv.get(old.http(), "part", "linearizable")
                                .get(10, TimeUnit.SECONDS)
                                .fields())
                        .containsEntry("value", "new-" + round);
            }
            Map<String, KvHttp.Item> minority = kv.all(cluster.server("n1").http(), "minority/", "linearizable");
            assertThat(minority)
                    .as("what an isolated leader appended alone is gone")
                    .isEmpty();
        }
    }

    @Test
    @Timeout(120)
    void aLeaderThatOnlyHearsOrOnlySpeaksIsReplacedAndAllAgreeAfterHealing() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.startWithProxies("one-way", 3, "lan")) {
            KvHttp kv = cluster.kv();
            for (boolean speaks : new boolean[] {false, true}) {
                ServerProcess old = cluster.awaitLeader();
                String term = kv.status(old.http()).get("term");
                for (ServerProcess follower : cluster.othersThan(old)) {
                    if (speaks) {
                        cluster.cut(follower, old);
                    } else {
                        cluster.cut(old, follower);
                    }
                }
                String what = speaks ? "a leader that is not answered" : "a leader that is not heard";
                await(what + " is replaced")
                        .atMost(HEALED_MAX)
                        .until(() -> cluster.othersThan(old).stream()
                                .map(server -> kv.status(server.http()))
                                .anyMatch(status -> "leader".equals(status.get("role"))
                                        && !String.valueOf(term).equals(status.get("term"))));
                ServerProcess successor = cluster.awaitLeader(cluster.othersThan(old));
                assertThat(kv.put(successor.http(), "one-way", "new-" + speaks)).isEqualTo(KvHttp.Outcome.APPLIED);
                PauseTest.isNewOrRefused(kv.get(old.http(), "one-way", "linearizable"), "new-" + speaks);
                cluster.heal();
                awaitWritable(cluster, "healed/" + speaks);
                cluster.awaitSameRevision();
            }
        }
    }

    /** Through every server a write is acknowledged again, and how long that took is printed. */
    private static void awaitWritable(ProcessCluster cluster, String key) {
        long healed = System.nanoTime();
        for (ServerProcess server : cluster.servers()) {
            await("a write through " + server + " after healing")
                    .atMost(HEALED_MAX)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() ->
                            cluster.kv().put(server.http(), key + "/" + server.id(), "x") == KvHttp.Outcome.APPLIED);
        }
        System.out.println("writable through every server " + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - healed)
                + " ms after healing");
    }
}

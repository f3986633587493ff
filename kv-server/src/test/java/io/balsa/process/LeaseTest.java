package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reads by lease, on real clocks: they must know by themselves when their time is over. */
final class LeaseTest {
    private static final int ROUNDS = 4;
    private static final int READS = 8;
    private static final Duration LEASE_MAX = Duration.ofSeconds(20);

    @Test
    @Timeout(180)
    void aLeaderThatWakesWhenItsLeaseHasRunOutServesNoOldValueByIt() throws Exception {
        int oldValues = 0;
        try (ProcessCluster cluster = ProcessCluster.start("lease", 3, "lan", "--read-leases")) {
            KvHttp kv = cluster.kv();
            for (int round = 0; round < ROUNDS; round++) {
                ServerProcess paused = cluster.awaitLeader();
                assertThat(kv.put(paused.http(), "lease", "old-" + round)).isEqualTo(KvHttp.Outcome.APPLIED);
                awaitLease(kv, paused);
                paused.pause();
                ServerProcess successor = cluster.awaitLeader(cluster.othersThan(paused));
                assertThat(kv.put(successor.http(), "lease", "new-" + round)).isEqualTo(KvHttp.Outcome.APPLIED);
                List<CompletableFuture<KvHttp.Answer>> byLease = new ArrayList<>();
                List<CompletableFuture<KvHttp.Answer>> stale = new ArrayList<>();
                for (int i = 0; i < READS; i++) {
                    byLease.add(kv.get(paused.http(), "lease", "lease"));
                    stale.add(kv.get(paused.http(), "lease", "stale"));
                }
                paused.resume();
                for (CompletableFuture<KvHttp.Answer> read : byLease) {
                    PauseTest.isNewOrRefused(read, "new-" + round);
                }
                for (CompletableFuture<KvHttp.Answer> read : stale) {
                    oldValues += ("old-" + round).equals(read.get().fields().get("value")) ? 1 : 0;
                }
                cluster.awaitReady(paused);
            }
        }
        assertThat(oldValues)
                .as("the same moments show old values to whoever asks for no more")
                .isPositive();
    }

    @Test
    @Timeout(180)
    void aLeaseIsTheLeadersAndComesBackAfterAHandOverAndAKill() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("lease-moves", 3, "lan", "--read-leases")) {
            KvHttp kv = cluster.kv();
            ServerProcess first = cluster.awaitLeader();
            assertThat(kv.put(first.http(), "lease", "x")).isEqualTo(KvHttp.Outcome.APPLIED);
            awaitLease(kv, first);
            for (ServerProcess follower : cluster.othersThan(first)) {
                assertThat(kv.leaseReadIs(follower.http(), "lease")).isEqualTo("linearizable");
            }
            kv.post(first.http(), "/v1/cluster/leader", "{}");
            ServerProcess second = cluster.awaitLeader(cluster.othersThan(first));
            awaitLease(kv, second);
            second.kill();
            ServerProcess third = cluster.awaitLeader(cluster.othersThan(second));
            awaitLease(kv, third);
        }
    }

    @Test
    @Timeout(120)
    void withoutTheOptionOfAMajorityThereIsNoLease() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("no-lease", 3, "lan")) {
            KvHttp kv = cluster.kv();
            ServerProcess leader = cluster.awaitLeader();
            assertThat(kv.put(leader.http(), "lease", "x")).isEqualTo(KvHttp.Outcome.APPLIED);
            assertThat(kv.leaseReadIs(leader.http(), "lease")).isEqualTo("linearizable");
            assertThat(kv.status(leader.http()))
                    .containsEntry("readLeases", "false")
                    .containsEntry("holdsLease", "false");
        }
    }

    private static void awaitLease(KvHttp kv, ServerProcess leader) {
        await(leader + " serves by lease")
                .atMost(LEASE_MAX)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> kv.leaseReadIs(leader.http(), "lease").equals("lease"));
    }
}

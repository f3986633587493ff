package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A leader is stopped and woken, as by a long collection or a hypervisor: what it believed when it fell asleep is no longer so. */
final class PauseTest {
    private static final int ROUNDS = 4;
    private static final int READS = 8;

    @Test
    @Timeout(120)
    void aLeaderThatWakesFromAPauseServesNoOldValue() throws Exception {
        int refused = 0;
        try (ProcessCluster cluster = ProcessCluster.start("pause", 3, "lan")) {
            KvHttp kv = cluster.kv();
            for (int round = 0; round < ROUNDS; round++) {
                ServerProcess paused = cluster.awaitLeader();
                assertThat(kv.put(paused.http(), "pause", "old-" + round)).isEqualTo(KvHttp.Outcome.APPLIED);
                // Connections that are open already: what is sent on them is the first thing that it sees on waking.
                assertThat(kv.get(paused.http(), "pause", "linearizable").get().status())
                        .isEqualTo(200);
                paused.pause();
                ServerProcess successor = cluster.awaitLeader(cluster.othersThan(paused));
                assertThat(kv.put(successor.http(), "pause", "new-" + round)).isEqualTo(KvHttp.Outcome.APPLIED);
                List<CompletableFuture<KvHttp.Answer>> reads = new ArrayList<>();
                for (int i = 0; i < READS; i++) {
                    reads.add(kv.get(paused.http(), "pause", "linearizable"));
                }
                paused.resume();
                for (CompletableFuture<KvHttp.Answer> read : reads) {
                    refused += isNewOrRefused(read, "new-" + round) ? 0 : 1;
                }
                cluster.awaitReady(paused);
            }
        }
        System.out.println("reads of a leader that woke up: " + ROUNDS * READS + ", " + refused + " of them refused");
    }

    /** True: the new value; false: an error. An old value fails the test. */
    static boolean isNewOrRefused(CompletableFuture<KvHttp.Answer> read, String expected) throws InterruptedException {
        KvHttp.Answer answer;
        try {
            answer = read.get();
        } catch (ExecutionException noAnswer) {
            return false;
        }
        if (answer.status() == 200) {
            assertThat(answer.fields()).containsEntry("value", expected);
            return true;
        }
        assertThat(answer.status()).as("%s", answer).isIn(429, 503, 504);
        return false;
    }
}

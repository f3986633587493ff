package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The leader is killed again and again under load: nothing acknowledged is lost, and the next write comes soon. */
final class LeaderKillTest {
    private static final int KILLS = 10;

    @Test
    @Timeout(300)
    void noAcknowledgedWriteIsLostWhenTheLeaderIsKilledTenTimesUnderLoad() throws Exception {
        List<Double> gaps = new ArrayList<>();
        try (ProcessCluster cluster = ProcessCluster.start("leader-kill", 3, "standard");
                Writers writers = Writers.start(cluster, 3)) {
            for (int kill = 0; kill < KILLS; kill++) {
                writers.awaitApplied(100);
                ServerProcess leader = cluster.awaitLeader();
                writers.mark();
                leader.killSoon();
                gaps.add(writers.awaitFirstAppliedSinceMark());
                leader.awaitExit();
                leader.start();
                cluster.awaitReady(leader);
            }
            writers.awaitApplied(100);
            writers.stop();
            writers.verify(cluster);
        }
        Collections.sort(gaps);
        double worst = gaps.get(gaps.size() - 1);
        System.out.printf(
                Locale.ROOT,
                "from kill -9 of the leader to the next acknowledged write: median %.0f ms, worst %.0f ms of %d%n",
                gaps.get(gaps.size() / 2),
                worst,
                gaps.size());
        assertThat(worst).as("ten election timeouts").isLessThan(10_000);
    }
}

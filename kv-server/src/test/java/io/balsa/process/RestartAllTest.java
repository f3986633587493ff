package io.balsa.process;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every server is killed at the same moment, as when the power of a rack fails (but for what the kernel still holds). */
final class RestartAllTest {
    private static final int ROUNDS = 4;

    @Test
    @Timeout(300)
    void noAcknowledgedWriteIsLostWhenAllServersAreKilledAtOnceUnderLoad() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("restart-all", 3, "standard");
                Writers writers = Writers.start(cluster, 3)) {
            for (int round = 0; round < ROUNDS; round++) {
                writers.awaitApplied(300);
                cluster.servers().forEach(ServerProcess::killSoon);
                cluster.servers().forEach(ServerProcess::awaitExit);
                cluster.startAll();
            }
            writers.awaitApplied(100);
            writers.stop();
            writers.verify(cluster);
        }
    }
}

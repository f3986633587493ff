package io.balsa.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class QuietLogTest {
    @Test
    void aTopicThatRepeatsItselfIsLeftOutAndCounted() {
        QuietLog log = new QuietLog(LoggerFactory.getLogger(QuietLogTest.class));
        for (int i = 0; i < QuietLog.LINES_PER_WINDOW; i++) {
            assertThat(log.admit("n2", 0)).isZero();
        }
        assertThat(log.admit("n2", 1)).isEqualTo(-1);
        assertThat(log.admit("n2", 2)).isEqualTo(-1);
        assertThat(log.admit("n3", 2)).as("another topic").isZero();
        assertThat(log.admit("n2", TimeUnit.SECONDS.toNanos(QuietLog.WINDOW_SECONDS)))
                .as("two were left out")
                .isEqualTo(2);
    }

    @Test
    void strangersCannotFillItsMemory() {
        QuietLog log = new QuietLog(LoggerFactory.getLogger(QuietLogTest.class));
        for (int i = 0; i < 100_000; i++) {
            assertThat(log.admit("host " + i, 0)).isZero();
        }
        assertThat(log.topics()).isLessThanOrEqualTo(256);
    }

    @Test
    void theBackOffGrowsToItsCapAndStartsAgain() {
        Backoff backoff = new Backoff(new SplittableRandom(1));
        int ceiling = Backoff.FIRST_MILLIS;
        for (int i = 0; i < 20; i++) {
            assertThat(backoff.nextMillis()).isBetween(ceiling / 2, ceiling);
            ceiling = Math.min(2 * ceiling, Backoff.CAP_MILLIS);
        }
        backoff.reset();
        assertThat(backoff.nextMillis()).isLessThanOrEqualTo(Backoff.FIRST_MILLIS);
    }
}

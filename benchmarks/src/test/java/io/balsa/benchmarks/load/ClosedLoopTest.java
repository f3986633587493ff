package io.balsa.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

final class ClosedLoopTest {
    private static Load load(int clients, Duration operationTimeout) {
        return new Load(
                Workload.named("put"), clients, 100, Duration.ofMillis(50), Duration.ofMillis(300), operationTimeout);
    }

    /** Answers after a fixed time, and knows how many operations it ever had at once. */
    private static final class SlowDriver implements Driver {
        private final long millis;
        final AtomicInteger now = new AtomicInteger();
        final AtomicInteger most = new AtomicInteger();

        SlowDriver(long millis) {
            this.millis = millis;
        }

        @Override
        public boolean supports(Kind kind) {
            return true;
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored")
        public void start(int client, Kind kind, long key, Completion completion) {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            CompletableFuture.runAsync(
                    () -> {
                        now.decrementAndGet();
                        completion.done();
                    },
                    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS));
        }

        @Override
        public void close() {}
    }

    @Test
    void eachClientHasOneOperationInFlight() throws InterruptedException {
        SlowDriver driver = new SlowDriver(5);
        LoadResult result = new ClosedLoop(driver, load(7, Duration.ofSeconds(5)), Acks.IGNORED).run(Window.IGNORED);
        assertThat(driver.most.get()).isEqualTo(7);
        assertThat(result.done()).isPositive();
        assertThat(result.failed()).isZero();
        assertThat(result.latencies().rawP50()).isGreaterThanOrEqualTo(4.9);
    }

    @Test
    void anOperationWithoutAnAnswerFailsAndItsClientGoesOn() throws InterruptedException {
        Driver silent = new Driver() {
            @Override
            public boolean supports(Kind kind) {
                return true;
            }

            @Override
            public void start(int client, Kind kind, long key, Completion completion) {}

            @Override
            public void close() {}
        };
        // Those in flight at the end are never answered, so the loop stops after its grace; a clock ends them here too.
        LoadResult result = new ClosedLoop(silent, load(3, Duration.ofMillis(40)), Acks.IGNORED).run(Window.IGNORED);
        assertThat(result.done()).isZero();
        assertThat(result.failed()).isGreaterThan(3);
        assertThat(result.latencies().rawP50()).isGreaterThanOrEqualTo(39);
    }

    @Test
    void aFailureInsideOfStartDoesNotRecurse() throws InterruptedException {
        Driver refusing = new Driver() {
            @Override
            public boolean supports(Kind kind) {
                return true;
            }

            @Override
            public void start(int client, Kind kind, long key, Completion completion) {
                completion.failed("refused");
            }

            @Override
            public void close() {}
        };
        LoadResult result = new ClosedLoop(refusing, load(2, Duration.ofSeconds(5)), Acks.IGNORED).run(Window.IGNORED);
        assertThat(result.failures()).containsOnlyKeys("refused");
        assertThat(result.latencies().p50()).isNaN();
    }

    @Test
    void aLateAnswerCountsAsOftenAsTheClientWouldHaveMetIt() {
        Histogram recorded = new Histogram(3);
        recorded.recordValueWithCount(1_000_000, 99);
        recorded.recordValue(1_000_000_000);
        Latencies latencies = Latencies.ofClosedLoop(recorded, 1_000_000);
        assertThat(latencies.rawP50()).isBetween(0.99, 1.01);
        // About 1,000 operations would have waited, evenly between 1 ms and 1 s.
        assertThat(latencies.p50()).isBetween(400.0, 500.0);
    }

    @Test
    void anOpenLoopTimesFromWhenAnOperationWasDue() {
        // One client and 20 ms an operation: 50 a second are done, 500 a second are due, so the wait grows.
        SlowDriver driver = new SlowDriver(20);
        LoadResult result = new OpenLoop(driver, load(1, Duration.ofSeconds(5)), 500).run(Window.IGNORED);
        assertThat(driver.most.get()).isEqualTo(1);
        assertThat(result.latencies().p50()).isGreaterThan(100);
    }
}

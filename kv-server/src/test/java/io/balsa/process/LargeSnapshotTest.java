package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * {@code -Dbalsa.large=1024}: a state of that many MiB moves to a follower whose heap has 256 MiB, while the cluster serves
 * writes and nobody else takes over. Prints what was measured. Needs about six times as much on the disk.
 */
@EnabledIfSystemProperty(named = "balsa.large", matches = "[0-9]+")
final class LargeSnapshotTest {
    private static final int VALUE_BYTES = 16 << 10;
    private static final int LOADERS = 8;
    private static final Pattern BUCKET =
            Pattern.compile("balsa_raft_turn_seconds_bucket\\{le=\"([^\"]+)\"\\} ([0-9.E]+)");

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @Test
    @Timeout(1_200)
    void aLargeStateMovesToAFollowerWhileTheClusterServesWrites() throws Exception {
        int mib = Integer.getInteger("balsa.large");
        try (ProcessCluster cluster = ProcessCluster.start("large-snapshot", 3, "standard")) {
            ServerProcess leader = cluster.awaitLeader();
            ServerProcess follower = cluster.othersThan(leader).get(0);
            long lastLogIndex = Long.parseLong(status(cluster, follower).get("lastLogIndex"));
            follower.kill();
            long loadStart = System.nanoTime();
            load(leader.http(), mib * (1 << 20) / VALUE_BYTES);
            print("%d MiB were written in %.0f s", mib, seconds(loadStart));
            assertThat(Long.parseLong(status(cluster, leader).get("firstLogIndex")))
                    .isGreaterThan(lastLogIndex + 1);
            String term = status(cluster, leader).get("term");

            try (Writers writers = Writers.start(cluster, 3)) {
                writers.awaitApplied(200);
                Map<Double, Double> calm = turns(leader);
                writers.awaitApplied(5_000);
                Map<Double, Double> before = turns(leader);
                print("the leader's slowest turn without a snapshot took up to %s", slowest(calm, before));
                long start = System.nanoTime();
                follower.start();
                await("the follower has caught up")
                        .atMost(Duration.ofMinutes(10))
                        .pollInterval(Duration.ofMillis(100))
                        .until(() -> {
                            if (!cluster.kv().isReady(follower.http())) {
                                return false;
                            }
                            Map<String, String> status = status(cluster, follower);
                            return Long.parseLong(status.get("firstLogIndex")) > lastLogIndex + 1;
                        });
                double taken = seconds(start);
                writers.awaitApplied(200);
                print("caught up %.1f s after its start: %.0f MiB/s", taken, mib / taken);
                print("the leader's slowest turn took up to %s", slowest(before, turns(leader)));
                assertThat(status(cluster, leader)).containsEntry("term", term).containsEntry("role", "leader");
                writers.stop();
                writers.verify(cluster);
            }
        }
    }

    private void load(URI leader, int keys) throws InterruptedException {
        AtomicInteger next = new AtomicInteger();
        AtomicInteger written = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < LOADERS; i++) {
            int seed = i;
            Thread thread = new Thread(() -> {
                Random random = new Random(seed);
                byte[] value = new byte[VALUE_BYTES];
                for (int key = next.getAndIncrement(); key < keys; key = next.getAndIncrement()) {
                    random.nextBytes(value);
                    put(leader.resolve("/v1/kv/large%2F" + key), value);
                    written.incrementAndGet();
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(written.get()).isEqualTo(keys);
    }

    /** Until it is taken: a busy or slow server says so. */
    private void put(URI key, byte[] value) {
        HttpRequest request = HttpRequest.newBuilder(key)
                .timeout(Duration.ofSeconds(20))
                .PUT(HttpRequest.BodyPublishers.ofByteArray(value))
                .build();
        for (int attempt = 0; attempt < 1_000; attempt++) {
            try {
                if (http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() / 100 == 2) {
                    return;
                }
                Thread.onSpinWait();
            } catch (IOException again) {
                // The next attempt writes the same.
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new AssertionError(interrupted);
            }
        }
        throw new AssertionError(key + " is not taken");
    }

    private static Map<String, String> status(ProcessCluster cluster, ServerProcess server) {
        return cluster.kv().status(server.http());
    }

    /** How many turns took at most so many seconds. */
    private Map<Double, Double> turns(ServerProcess server) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(server.http().resolve("/metrics")).build();
        String text = http.send(request, HttpResponse.BodyHandlers.ofString()).body();
        Map<Double, Double> counts = new TreeMap<>();
        Matcher bucket = BUCKET.matcher(text);
        while (bucket.find()) {
            double limit =
                    bucket.group(1).equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bucket.group(1));
            counts.put(limit, Double.parseDouble(bucket.group(2)));
        }
        assertThat(counts).isNotEmpty();
        return counts;
    }

    private static String slowest(Map<Double, Double> before, Map<Double, Double> after) {
        double all =
                after.getOrDefault(Double.POSITIVE_INFINITY, 0.0) - before.getOrDefault(Double.POSITIVE_INFINITY, 0.0);
        for (Map.Entry<Double, Double> bucket : after.entrySet()) {
            if (bucket.getValue() - before.getOrDefault(bucket.getKey(), 0.0) >= all) {
                return String.format(Locale.ROOT, "%.1f ms, of %.0f turns", bucket.getKey() * 1_000, all);
            }
        }
        return "unknown";
    }

    private static double seconds(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, "large snapshot: " + format + "%n", values);
    }
}

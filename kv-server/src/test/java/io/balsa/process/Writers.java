package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Threads that create keys as fast as they are answered, each key once and with a value of its own, at every server in turn;
 * and the record of what each answer proved.
 */
final class Writers implements AutoCloseable {
    static final String PREFIX = "load/";

    /** After an answer that the write was not taken: short beside an election, and no spin beside a server that starts. */
    private static final long REFUSED_PAUSE_NANOS = 5_000_000;

    private final KvHttp kv;
    private final List<URI> servers;
    private final Map<String, String> applied = new ConcurrentHashMap<>();
    private final Map<String, String> notApplied = new ConcurrentHashMap<>();
    private final Map<String, String> unknown = new ConcurrentHashMap<>();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicLong markNanos = new AtomicLong(Long.MAX_VALUE);
    private final AtomicLong firstAppliedNanos = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    private Writers(ProcessCluster cluster, int count) {
        this.kv = cluster.kv();
        this.servers = cluster.servers().stream().map(ServerProcess::http).toList();
        for (int i = 0; i < count; i++) {
            int first = i;
            Thread thread = new Thread(() -> run(first), "writer-" + i);
            threads.add(thread);
            thread.start();
        }
    }

    static Writers start(ProcessCluster cluster, int count) {
        return new Writers(cluster, count);
    }

    private void run(int first) {
        try {
            for (int i = first; !stopped; i++) {
                write(servers.get(i % servers.size()));
            }
        } catch (RuntimeException | Error broken) {
            failure.compareAndSet(null, broken);
        }
    }

    private void write(URI server) {
        int number = next.getAndIncrement();
        String key = PREFIX + number;
        String value = "value-" + number + "-" + "x".repeat(number % 200);
        long start = System.nanoTime();
        KvHttp.Outcome outcome = kv.create(server, key, value);
        switch (outcome) {
            case APPLIED -> {
                applied.put(key, value);
                if (start - markNanos.get() >= 0) {
                    firstAppliedNanos.compareAndSet(0, System.nanoTime());
                }
            }
            case NOT_APPLIED -> {
                notApplied.put(key, value);
                LockSupport.parkNanos(REFUSED_PAUSE_NANOS);
            }
            case UNKNOWN -> unknown.put(key, value);
        }
    }

    /** Waits until that many more writes were acknowledged. */
    void awaitApplied(int more) {
        int target = applied.size() + more;
        await(more + " more acknowledged writes")
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> {
                    rethrow();
                    return applied.size() >= target;
                });
    }

    /** From now on {@link #awaitFirstAppliedSinceMark} looks for a write that begins later than this. */
    void mark() {
        firstAppliedNanos.set(0);
        markNanos.set(System.nanoTime());
    }

    /** Milliseconds from {@link #mark} to the first acknowledgement of a write that began after it. */
    double awaitFirstAppliedSinceMark() {
        await("an acknowledged write")
                .atMost(Duration.ofSeconds(30))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .until(() -> {
                    rethrow();
                    return firstAppliedNanos.get() != 0;
                });
        double millis = (firstAppliedNanos.get() - markNanos.get()) / 1e6;
        markNanos.set(Long.MAX_VALUE);
        return millis;
    }

    private void rethrow() {
        Throwable broken = failure.get();
        if (broken != null) {
            throw new AssertionError("a writer failed", broken);
        }
    }

    /** Stops the load and waits for the answers that are still due. */
    void stop() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join();
        }
        rethrow();
    }

    /**
     * Holds the servers to the record: what was acknowledged is there, once and right; what was refused is not; what is
     * unknown is absent or right; and all servers hold the same. Call after {@link #stop}.
     */
    void verify(ProcessCluster cluster) throws IOException, InterruptedException {
        cluster.awaitSameRevision();
        Map<String, KvHttp.Item> content = null;
        for (ServerProcess server : cluster.servers()) {
            Map<String, KvHttp.Item> own = kv.all(server.http(), PREFIX, "stale");
            if (content == null) {
                content = own;
                verify(content);
            } else {
                assertThat(own).as("the content of %s", server).isEqualTo(content);
            }
        }
    }

    private void verify(Map<String, KvHttp.Item> content) {
        Map<String, String> lost = new TreeMap<>(applied);
        lost.keySet().removeAll(content.keySet());
        assertThat(lost).as("acknowledged and lost").isEmpty();
        int found = 0;
        Set<String> values = new HashSet<>();
        for (Map.Entry<String, KvHttp.Item> entry : content.entrySet()) {
            String key = entry.getKey();
            KvHttp.Item item = entry.getValue();
            String expected = applied.containsKey(key) ? applied.get(key) : unknown.get(key);
            assertThat(notApplied).as("refused and yet there").doesNotContainKey(key);
            assertThat(item.value()).as("the value of %s", key).isEqualTo(expected);
            assertThat(item.version()).as("the version of %s", key).isEqualTo(1);
            assertThat(values.add(item.value()))
                    .as("%s is there once", item.value())
                    .isTrue();
            found += unknown.containsKey(key) ? 1 : 0;
        }
        System.out.println("writes: " + applied.size() + " acknowledged, " + notApplied.size() + " refused, "
                + unknown.size() + " unknown of which " + found + " were applied");
    }

    @Override
    public void close() {
        stopped = true;
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

package io.balsa.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.balsa.benchmarks.cluster.Address;
import io.balsa.benchmarks.cluster.ServerKind;
import io.balsa.benchmarks.cluster.Tuning;
import io.balsa.benchmarks.driver.DriverKind;
import io.balsa.benchmarks.load.Workload;
import io.balsa.benchmarks.report.Results;
import io.balsa.benchmarks.report.Run;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Of a system that answers everything at once. */
@Timeout(60)
final class RoundsTest {
    private static final Duration SETTLE = Duration.ofMillis(1_500);
    private static final Duration WARM_UP = Duration.ofMillis(100);
    private static final Duration MEASURED = Duration.ofMillis(200);

    @TempDir
    Path work;

    private final List<HttpServer> servers = new ArrayList<>();

    /** When the first operation of each path came. */
    private final Map<String, Long> firstNanos = new ConcurrentHashMap<>();

    /** A process that does nothing, beside a server of this one. */
    private final class Idle implements ServerKind {
        @Override
        public String name() {
            return "idle";
        }

        @Override
        public @Nullable String missing() {
            return null;
        }

        @Override
        public String version() {
            return "0";
        }

        @Override
        public String options(Tuning tuning) {
            return "";
        }

        @Override
        public List<String> prepare(Address self, List<Address> all, Tuning tuning) throws IOException {
            HttpServer created = HttpServer.create(self.client(), 0);
            created.createContext("/", exchange -> {
                firstNanos.putIfAbsent(exchange.getRequestURI().getPath(), System.nanoTime());
                exchange.getRequestBody().readAllBytes();
                byte[] body = "{}".getBytes(StandardCharsets.US_ASCII);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
                exchange.close();
            });
            created.start();
            servers.add(created);
            return List.of("sleep", "60");
        }

        @Override
        public boolean leads(Address member) {
            return true;
        }

        @Override
        public boolean write(Address member) {
            return true;
        }
    }

    @AfterEach
    void end() {
        servers.forEach(server -> server.stop(0));
    }

    private Settings settings(List<Workload> workloads, int rounds, Duration settle, String... systems) {
        return new Settings(
                Stream.of(systems)
                        .map(name -> new MeasuredSystem(name, new Idle(), DriverKind.ETCD_HTTP, null))
                        .toList(),
                workloads,
                List.of(1),
                List.of(),
                false,
                16,
                10,
                List.of(1),
                settle,
                WARM_UP,
                MEASURED,
                rounds,
                work,
                System.nanoTime() + TimeUnit.MINUTES.toNanos(1));
    }

    private static Rounds rounds(Settings settings, Results results) {
        return new Rounds(
                settings, results, new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8));
    }

    /** With lease-get, which etcd's gateway has not: what does not run cannot settle anything. */
    @Test
    void theFirstLoadThatRunsSettlesAndNoOtherDoes() throws IOException, InterruptedException {
        List<Workload> workloads = List.of(Workload.named("lease-get"), Workload.named("put"), Workload.named("get"));
        Results results = new Results();
        rounds(settings(workloads, 1, SETTLE, "idle"), results).run(() -> {});
        long end = System.nanoTime();
        assertThat(results.runs()).extracting(Run::workload).containsExactly("put", "get");
        assertThat(results.notes()).containsExactly("idle has nothing like the workload lease-get");
        long put = firstNanos.getOrDefault("/v3/kv/put", end);
        long get = firstNanos.getOrDefault("/v3/kv/range", end);
        Duration oneLoad = WARM_UP.plus(MEASURED);
        assertThat(Duration.ofNanos(get - put)).isGreaterThan(SETTLE.plus(oneLoad));
        assertThat(Duration.ofNanos(end - get)).isBetween(oneLoad, SETTLE);
    }

    @Test
    void togetherTheSystemsTakeTurns() throws IOException, InterruptedException {
        Results results = new Results();
        Settings settings = settings(List.of(Workload.named("put"), Workload.named("get")), 2, SETTLE, "a", "b");
        long begin = System.nanoTime();
        rounds(settings, results).runTogether(() -> assertThat(servers).hasSize(2));
        long end = System.nanoTime();
        assertThat(results.runs().stream().map(run -> run.workload() + " " + run.system() + run.round()))
                .containsExactly("put a1", "put b1", "put b2", "put a2", "get a1", "get b1", "get b2", "get a2");
        assertThat(results.runs()).allMatch(run -> run.result().done() > 0);
        assertThat(results.coldStarts()).isEmpty();
        Duration loads = WARM_UP.plus(MEASURED).multipliedBy(8);
        assertThat(Duration.ofNanos(end - begin))
                .as("each settles once")
                .isBetween(loads.plus(SETTLE.multipliedBy(2)), loads.plus(SETTLE.multipliedBy(4)));
    }
}

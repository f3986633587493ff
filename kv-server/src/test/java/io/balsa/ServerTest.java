package io.balsa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.balsa.node.Compaction;
import io.balsa.node.Timeouts;
import io.balsa.raft.NodeId;
import io.balsa.storage.Space;
import io.vertx.core.net.HostAndPort;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A whole server, a cluster of its own, in this process: that what its parts measure reaches Prometheus. */
final class ServerTest {
    private static final NodeId SELF = new NodeId(1);
    private static final long MAP_BYTES = 1L << 30;

    @TempDir
    Path directory;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private Server server;

    private final Logger logger = (Logger) LoggerFactory.getLogger(Server.class);
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

    @BeforeEach
    void start() throws Exception {
        logged.start();
        logger.addAppender(logged);
        SortedMap<NodeId, HostAndPort> peers = new TreeMap<>();
        peers.put(SELF, HostAndPort.create("127.0.0.1", 0));
        server = Server.start(
                new ServerConfig(
                        SELF,
                        "test",
                        directory,
                        HostAndPort.create("127.0.0.1", 0),
                        "http://127.0.0.1",
                        HostAndPort.create("127.0.0.1", 0),
                        HostAndPort.create("127.0.0.1", 0),
                        false,
                        peers,
                        Timeouts.preset("lan"),
                        false,
                        true,
                        MAP_BYTES,
                        MAP_BYTES,
                        new Space.Limits(1L << 30, 1),
                        new Compaction.Limits(1_000, 1 << 20, 1 << 20, 100_000, 100, 1 << 30),
                        64 << 20,
                        100),
                0);
        await().atMost(Duration.ofSeconds(30)).until(() -> metric("balsa_raft_is_leader") == 1);
    }

    @AfterEach
    void stop() {
        server.close();
        logger.detachAppender(logged);
    }

    /** A Netty whose parts are of different versions would fall back to the JDK's selector, and only be slower. */
    @Test
    @EnabledOnOs(
            value = OS.LINUX,
            architectures = {"amd64", "aarch64"})
    void onLinuxItsSocketsAreServedByEpoll() {
        assertThat(logged.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .filteredOn(line -> line.contains("serves HTTP"))
                .singleElement()
                .asString()
                .endsWith("sockets by epoll");
    }

    @Test
    void aCheckpointIsTimed() throws Exception {
        double before = metric("balsa_state_commit_seconds_count");
        byte[] large = new byte[1 << 20];
        for (int i = 0; i < 9; i++) { // More than the table in memory holds.
            HttpRequest put = request("/v1/kv/large/" + i)
                    .PUT(HttpRequest.BodyPublishers.ofByteArray(large))
                    .build();
            assertThat(send(put).statusCode()).isEqualTo(201);
        }
        await().until(() -> metric("balsa_state_commit_seconds_count") > before);
        assertThat(metric("balsa_state_commit_seconds_sum")).isPositive();
    }

    @Test
    void readsAreTimedByTheirConsistency() throws Exception {
        String linearizable = "balsa_reads_wait_seconds_%s{consistency=\"linearizable\"}";
        String stale = "balsa_reads_wait_seconds_%s{consistency=\"stale\"}";
        for (int i = 0; i < 3; i++) {
            assertThat(send(request("/v1/kv/none").build()).statusCode()).isEqualTo(404);
        }
        assertThat(send(request("/v1/kv/none?consistency=stale").build()).statusCode())
                .isEqualTo(404);
        assertThat(metric(linearizable.formatted("count"))).isEqualTo(3);
        assertThat(metric(linearizable.formatted("sum"))).isPositive();
        assertThat(metric(stale.formatted("count"))).isEqualTo(1);
        assertThat(metric(stale.formatted("sum"))).isZero();
    }

    /** The value of one line of the metrics; 0 when there is none. */
    private double metric(String name) throws IOException, InterruptedException {
        String text = send(request("/metrics").build()).body();
        return text.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .sum();
    }

    private HttpRequest.Builder request(String target) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.httpPort() + target))
                .timeout(Duration.ofSeconds(20));
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
}

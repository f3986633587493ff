package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Context;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Connections that write are served on the event loop of Raft's turns, and no others. */
class MovingConnectionTest {
    private static final String HOST = "Host: h\r\n";
    private static final String BATCH = "{\"operations\":[{\"op\":\"put\",\"key\":\"batch\",\"value\":\"x\"}]}";

    private TestServer server;
    private Context loop;
    private Thread raft;

    /** Else the JDK's, where the native ones cannot be loaded. */
    boolean nativeSockets() {
        return true;
    }

    @BeforeEach
    void start() {
        server = new TestServer(HttpConfig.localhost(0), 2, nativeSockets());
        loop = Objects.requireNonNull(server.raft);
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        loop.runOnContext(nothing -> thread.complete(Thread.currentThread()));
        raft = thread.join();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Wire wire() throws IOException {
        return new Wire(server.port);
    }

    private static String put(String key, String value) {
        return "PUT /v1/kv/" + key + " HTTP/1.1\r\n" + HOST + "Content-Length: " + value.length() + "\r\n\r\n" + value;
    }

    private static String get(String target) {
        return "GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n";
    }

    private static String batch() {
        return "POST /v1/batch HTTP/1.1\r\n" + HOST + "Content-Type: application/json\r\nContent-Length: "
                + BATCH.length() + "\r\n\r\n" + BATCH;
    }

    private boolean isAtRaft(Wire wire) throws IOException {
        assertThat(wire.send(get("/v1/kv/where")).answer()).startsWith("HTTP/1.1 404 ");
        return server.node.caller() == raft;
    }

    private void raftWaitsFor(CountDownLatch disk) {
        loop.runOnContext(nothing -> {
            try {
                assertThat(disk.await(20, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void awaitNoConnection() {
        await().untilAsserted(() -> assertThat(server.metrics.scrape(null).text())
                .contains("balsa_http_connections 0.0")
                .contains("balsa_http_in_flight_requests 0.0"));
    }

    @Test
    void aConnectionMovesWithItsFirstWriteAndStays() throws IOException {
        try (Wire wire = wire();
                Wire reader = wire()) {
            assertThat(isAtRaft(wire)).isFalse();
            assertThat(wire.send(put("first", "x")).answer()).startsWith("HTTP/1.1 201 ");
            assertThat(server.node.caller()).isSameAs(raft);
            assertThat(isAtRaft(wire)).isTrue();
            assertThat(isAtRaft(reader)).isFalse();
        }
        awaitNoConnection();
    }

    @Test
    void aBatchMovesItToo() throws IOException {
        try (Wire wire = wire()) {
            assertThat(wire.send(batch()).answer()).contains("\"status\":201");
            assertThat(server.node.caller()).isSameAs(raft);
        }
    }

    @Test
    void whatComesInPiecesAroundTheFirstWriteIsAnsweredInOrder() throws IOException {
        String requests = get("/v1/kv/pieces")
                + put("pieces", "one")
                + put("pieces", "two")
                + get("/v1/kv/pieces?raw")
                + batch()
                + put("pieces", "y".repeat(70_000))
                + get("/v1/kv/pieces?raw");
        for (int piece : new int[] {requests.length(), 1_000, 97, 40}) {
            try (Wire wire = wire()) {
                CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
                    try {
                        for (int at = 0; at < requests.length(); at += piece) {
                            wire.send(requests.substring(at, Math.min(requests.length(), at + piece)));
                        }
                    } catch (IOException broken) {
                        throw new AssertionError(broken);
                    }
                });
                assertThat(wire.answer()).contains("HTTP/1.1 ");
                assertThat(wire.answer()).contains("\"key\":\"pieces\"");
                assertThat(wire.answer()).contains("\"key\":\"pieces\"");
                assertThat(wire.answer()).endsWith("\r\n\r\ntwo");
                assertThat(wire.answer()).contains("\"results\":[");
                assertThat(wire.answer()).contains("\"key\":\"pieces\"");
                assertThat(wire.answer()).endsWith("y".repeat(70_000));
                sent.join();
                assertThat(wire.send(put("pieces", "z")).answer()).startsWith("HTTP/1.1 200 ");
                assertThat(isAtRaft(wire)).isTrue();
            }
        }
        awaitNoConnection();
    }

    @Test
    void soManyHavePlacesAndAPlaceIsFreeAgain() throws IOException {
        List<Wire> wires = new ArrayList<>();
        try {
            for (int i = 0; i < Limits.CONNECTIONS_AT_RAFT_MAX + 1; i++) {
                Wire wire = wire();
                wires.add(wire);
                assertThat(wire.send(put("place", "x")).answer()).startsWith("HTTP/1.1 20");
                assertThat(isAtRaft(wire)).isEqualTo(i < Limits.CONNECTIONS_AT_RAFT_MAX);
            }
            Wire last = wires.get(Limits.CONNECTIONS_AT_RAFT_MAX);
            wires.get(0).close();
            await().untilAsserted(() -> {
                assertThat(last.send(put("place", "x")).answer()).startsWith("HTTP/1.1 200 ");
                assertThat(isAtRaft(last)).isTrue();
            });
        } finally {
            for (Wire wire : wires) {
                wire.close();
            }
        }
        awaitNoConnection();
    }

    @Test
    void whoDoesNotWriteIsServedWhileRaftWaits() throws Exception {
        CountDownLatch disk = new CountDownLatch(1);
        try (Wire writer = wire();
                Wire health = wire()) {
            assertThat(writer.send(put("waits", "x")).answer()).startsWith("HTTP/1.1 201 ");
            raftWaitsFor(disk);
            writer.send(put("waits", "y"));
            assertThat(health.send(get("/livez")).answer()).startsWith("HTTP/1.1 200 ");
            assertThat(isAtRaft(health)).isFalse();
            disk.countDown();
            assertThat(writer.answer()).startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void aServerThatStopsEndsTheConnectionsThatHaveMoved() throws Exception {
        try (Wire idle = wire();
                Wire busy = wire()) {
            assertThat(idle.send(put("idle", "x")).answer()).startsWith("HTTP/1.1 201 ");
            assertThat(busy.send(put("busy", "x")).answer()).startsWith("HTTP/1.1 201 ");
            server.node.hold();
            busy.send(put("busy", "y"));
            await().until(() -> server.node.writes() == 3);
            CompletableFuture<Void> stopped =
                    server.api.stop().toCompletionStage().toCompletableFuture();
            assertThat(idle.isClosedByServer()).isTrue();
            server.node.release();
            assertThat(busy.answer()).startsWith("HTTP/1.1 200 ");
            assertThat(busy.isClosedByServer()).isTrue();
            stopped.get(5, TimeUnit.SECONDS);
        }
        awaitNoConnection();
    }

    /** Whose answer would come on the event loop that it has left. */
    @Test
    void aConnectionDoesNotMoveWhileSomethingOfItIsUnderWay() throws IOException {
        try (Wire wire = wire()) {
            server.node.hold();
            long reads = server.node.reads();
            wire.send(get("/v1/kv/under-way"));
            await().until(() -> server.node.reads() == reads + 1);
            wire.send(put("under-way", "x"));
            server.node.release();
            assertThat(wire.answer()).startsWith("HTTP/1.1 404 ");
            assertThat(wire.answer()).startsWith("HTTP/1.1 201 ");
            assertThat(server.node.caller()).isNotSameAs(raft);
            assertThat(isAtRaft(wire)).isFalse();
            assertThat(wire.send(put("under-way", "y")).answer()).startsWith("HTTP/1.1 200 ");
            assertThat(server.node.caller()).isSameAs(raft);
        }
    }

    /** What is written is flushed a moment later; both requests come in one piece. */
    @Test
    void aConnectionDoesNotMoveBeforeItsAnswersAreFlushed() throws IOException {
        try (Wire wire = wire()) {
            wire.send(get("/v1/limits") + put("flushed", "x"));
            assertThat(wire.answer()).startsWith("HTTP/1.1 200 ");
            assertThat(wire.answer()).startsWith("HTTP/1.1 201 ");
            assertThat(server.node.caller()).isNotSameAs(raft);
        }
    }

    /** More than the kernel takes at once: the rest goes when the client has read. */
    @Test
    void aClientThatReadsLateGetsAllOfItsAnswers() throws IOException {
        String value = "v".repeat(1_000_000);
        try (Wire wire = wire()) {
            assertThat(wire.send(put("late", value)).answer()).startsWith("HTTP/1.1 201 ");
            assertThat(isAtRaft(wire)).isTrue();
            long reads = server.node.reads();
            for (int i = 0; i < 10; i++) {
                wire.send(get("/v1/kv/late?raw"));
            }
            await().until(() -> server.node.reads() == reads + 10);
            for (int i = 0; i < 10; i++) {
                assertThat(wire.answer()).endsWith(value);
            }
        }
    }

    @Test
    void connectionsThatHaveEndedAreForgotten() throws Exception {
        long before = connectionsInMemory();
        for (int i = 0; i < 100; i++) {
            try (Wire wire = wire()) {
                assertThat(wire.send(put("forgotten", "x")).answer()).startsWith("HTTP/1.1 20");
            }
        }
        awaitNoConnection();
        assertThat(connectionsInMemory()).isLessThan(before + 50);
    }

    private static long connectionsInMemory() throws Exception {
        String histogram = (String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        return histogram
                .lines()
                .map(line -> line.trim().split("\\s+", -1))
                .filter(line -> line.length > 3 && line[3].equals(Connection.class.getName()))
                .mapToLong(line -> Long.parseLong(line[1]))
                .sum();
    }

    /** It was lost: the end of the connection came between the answer and its flush. */
    @Test
    void anAnswerThatIsReadyWhenTheServerStopsIsSent() throws Exception {
        CountDownLatch disk = new CountDownLatch(1);
        try (Wire wire = wire()) {
            server.node.hold();
            wire.send(put("ready", "x"));
            await().until(() -> server.node.writes() == 1);
            raftWaitsFor(disk);
            CompletableFuture<Void> stopped =
                    server.api.stop().toCompletionStage().toCompletableFuture();
            server.node.release();
            disk.countDown();
            assertThat(wire.answer()).startsWith("HTTP/1.1 201 ");
            stopped.get(5, TimeUnit.SECONDS);
        }
    }

    @Test
    void aConnectionThatEndsInTheMiddleOfItsFirstWriteLeavesNothing() throws IOException {
        for (int i = 0; i < 40; i++) {
            try (Wire wire = wire()) {
                wire.send(put("half/" + i, "x").substring(0, 20 + i));
            }
            try (Wire wire = wire()) {
                wire.send(put("gone/" + i, "x"));
            }
        }
        awaitNoConnection();
        soManyHavePlacesAndAPlaceIsFreeAgain();
    }
}

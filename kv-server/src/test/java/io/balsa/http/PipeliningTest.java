package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Requests of one connection that do not wait for each other's answers, in front of a node that holds its own back. */
class PipeliningTest {
    private static final String HOST = "Host: h\r\n";

    /** One event loop, so that a request that was sent later is read later, whatever its connection. */
    @RegisterExtension
    private static final TestServer server = TestServer.withoutRaftsLoop(HttpConfig.localhost(0), 1);

    private long writesBefore;

    @BeforeEach
    void hold() {
        writesBefore = server.node.writes();
        server.node.hold();
    }

    @AfterEach
    void release() {
        server.node.release();
    }

    private static Wire wire() throws IOException {
        return new Wire(server.port);
    }

    private static String put(String key, String value, String... headers) {
        return "PUT /v1/kv/" + key + " HTTP/1.1\r\n" + HOST + String.join("", headers) + "Content-Length: "
                + value.length() + "\r\n\r\n" + value;
    }

    private static String get(String target) {
        return "GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n";
    }

    private static int status(String answer) {
        assertThat(answer).startsWith("HTTP/1.1 ");
        return Integer.parseInt(answer.substring(9, 12));
    }

    /** How many writes the node has, once everything that was sent before is read. */
    private long writes() throws IOException {
        try (Wire later = wire()) {
            assertThat(status(later.send(get("/v1/limits")).answer())).isEqualTo(200);
        }
        return server.node.writes() - writesBefore;
    }

    @Test
    void writesGoOnSideBySideAndAreAnsweredInOrder() throws IOException {
        try (Wire wire = wire()) {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < Limits.PIPELINED_REQUESTS_MAX; i++) {
                requests.append(put("side/" + i, "x"));
            }
            wire.send(requests.toString());
            assertThat(writes()).isEqualTo(Limits.PIPELINED_REQUESTS_MAX);
            server.node.release();
            for (int i = 0; i < Limits.PIPELINED_REQUESTS_MAX; i++) {
                assertThat(wire.answer()).contains("\"key\":\"side/" + i + "\"");
            }
        }
    }

    @Test
    void aWriteThatDependsOnTheOneBeforeItFindsIt() throws IOException {
        try (Wire wire = wire()) {
            wire.send(put("chain", "a", "If-None-Match: *\r\n")
                    + put("chain", "b", "If-None-Match: *\r\n")
                    + "DELETE /v1/kv/chain HTTP/1.1\r\n" + HOST + "\r\n"
                    + put("chain", "c", "If-None-Match: *\r\n"));
            assertThat(writes()).isEqualTo(4);
            server.node.release();
            assertThat(status(wire.answer())).isEqualTo(201);
            assertThat(status(wire.answer())).isEqualTo(412);
            assertThat(wire.answer()).contains("\"deleted\":1");
            assertThat(status(wire.answer())).isEqualTo(201);
        }
    }

    @Test
    void noMoreThanSoManyAreUnderWay() throws IOException {
        int many = 3 * Limits.PIPELINED_REQUESTS_MAX;
        try (Wire wire = wire()) {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < many; i++) {
                requests.append(put("many/" + i, "x".repeat(2_000)));
            }
            Thread sender = new Thread(() -> {
                try {
                    wire.send(requests.toString()); // More than the sockets hold: it ends when the server reads on.
                } catch (IOException broken) {
                    throw new AssertionError(broken);
                }
            });
            sender.start();
            await().untilAsserted(() -> assertThat(writes()).isEqualTo(Limits.PIPELINED_REQUESTS_MAX));
            assertThat(writes()).isEqualTo(Limits.PIPELINED_REQUESTS_MAX);
            server.node.release();
            for (int i = 0; i < many; i++) {
                assertThat(wire.answer()).contains("\"key\":\"many/" + i + "\"");
            }
            assertThat(writes()).isEqualTo(many);
        }
    }

    @Test
    void aReadWaitsForTheWriteBeforeItAndAWriteForTheRead() throws IOException {
        try (Wire wire = wire()) {
            wire.send(put("turn", "one") + get("/v1/kv/turn?raw") + put("turn", "two") + get("/v1/kv/turn?raw"));
            assertThat(writes()).isEqualTo(1);
            server.node.release();
            assertThat(status(wire.answer())).isEqualTo(201);
            assertThat(wire.answer()).endsWith("\r\n\r\none");
            assertThat(status(wire.answer())).isEqualTo(200);
            assertThat(wire.answer()).endsWith("\r\n\r\ntwo");
        }
    }

    @Test
    void whatIsNeitherAReadNorAWriteOfAKeyIsUnderWayByItself() throws IOException {
        String batch = "{\"operations\":[{\"op\":\"put\",\"key\":\"batch/1\",\"value\":\"x\"}]}";
        String post = "POST /v1/batch HTTP/1.1\r\n" + HOST + "Content-Type: application/json\r\nContent-Length: "
                + batch.length() + "\r\n\r\n" + batch;
        String cautious =
                "PUT /v1/kv/expect HTTP/1.1\r\n" + HOST + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok";
        try (Wire wire = wire()) {
            wire.send(put("alone", "x") + post + post + cautious + put("alone", "y"));
            assertThat(writes()).isEqualTo(1);
            server.node.release();
            assertThat(status(wire.answer())).isEqualTo(201);
            assertThat(wire.answer()).contains("\"results\":[").contains("\"status\":201");
            assertThat(wire.answer()).contains("\"results\":[").contains("\"status\":200");
            assertThat(wire.answer()).startsWith("HTTP/1.1 100 ");
            assertThat(status(wire.answer())).isEqualTo(201);
            assertThat(status(wire.answer())).isEqualTo(200);
        }
    }

    @Test
    void aClientIsToldToContinueWhenItsTurnHasCome() throws IOException {
        try (Wire wire = wire()) {
            wire.send(put("continue/1", "x") + "PUT /v1/kv/continue/2 HTTP/1.1\r\n" + HOST
                    + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
            assertThat(writes()).isEqualTo(1);
            server.node.release();
            assertThat(status(wire.answer())).isEqualTo(201);
            assertThat(status(wire.answer())).isEqualTo(100);
            assertThat(wire.send("ok").answer()).contains("\"key\":\"continue/2\"");
        }
    }

    @Test
    void aConnectionEndsWithItsLastRequestAndNotSomeTimeLater() throws IOException {
        long begin = System.nanoTime();
        for (int i = 0; i < 10; i++) {
            try (Wire wire = wire()) {
                wire.send("GET /v1/limits HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
                assertThat(wire.answer()).startsWith("HTTP/1.1 200 ").containsIgnoringCase("connection: close");
                assertThat(wire.isClosedByServer()).isTrue();
            }
        }
        // To linger is for those that are still sending, 2 s each.
        assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin)).isLessThan(15);
    }

    @Test
    void anAnswerWaitsForThoseBeforeIt() throws IOException {
        try (Wire wire = wire()) {
            wire.send(get("/v1/kv/order") + get("/v1/limits") + get("/v1/nowhere"));
            assertThat(writes()).isZero();
            server.node.release();
            assertThat(wire.answer()).contains("key_not_found");
            assertThat(wire.answer()).contains("\"valueBytes\"");
            assertThat(wire.answer()).contains("\"code\":\"not_found\"");
        }
    }

    @Test
    void aRefusalIsAnsweredInItsPlace() throws IOException {
        try (Wire wire = wire()) {
            wire.send(put("refusal/1", "x") + put("refusal/2?ttl=1", "x") + put("refusal/3", "x"));
            assertThat(writes()).isEqualTo(2);
            server.node.release();
            assertThat(status(wire.answer())).isEqualTo(201);
            assertThat(status(wire.answer())).isEqualTo(400);
            assertThat(wire.answer()).contains("\"key\":\"refusal/3\"");
        }
    }

    @Test
    void aRefusalThatEndsTheConnectionLetsTheAnswersBeforeItOut() throws IOException {
        try (Wire wire = wire()) {
            wire.send(put("end/1", "x") + "PUT /v1/kv/end/2 HTTP/1.1\r\n" + HOST + "Content-Length: 3000000\r\n\r\n");
            assertThat(writes()).isEqualTo(1);
            server.node.release();
            assertThat(status(wire.answer())).isEqualTo(201);
            assertThat(wire.answer()).startsWith("HTTP/1.1 413 ").containsIgnoringCase("connection: close");
            assertThat(wire.isClosedByServer()).isTrue();
        }
        try (Wire wire = wire()) {
            wire.send(put("end/3", "x") + "PUT /v1/kv/end/4 HTTP/1.1\r\n folded\r\n\r\n" + put("end/5", "x"));
            assertThat(status(wire.answer())).isEqualTo(201);
            assertThat(wire.answer()).startsWith("HTTP/1.1 400 ").containsIgnoringCase("connection: close");
            assertThat(wire.isClosedByServer()).isTrue();
        }
        assertThat(writes()).isEqualTo(2);
    }

    @Test
    void nothingBehindTheLastRequestIsLookedAt() throws IOException {
        try (Wire wire = wire()) {
            wire.send(put("last/1", "x") + put("last/2", "x", "Connection: close\r\n") + put("last/3", "x"));
            assertThat(writes()).isEqualTo(2);
            server.node.release();
            assertThat(wire.answer()).contains("\"key\":\"last/1\"");
            assertThat(wire.answer()).contains("\"key\":\"last/2\"").containsIgnoringCase("connection: close");
            assertThat(wire.isClosedByServer()).isTrue();
        }
        assertThat(writes()).isEqualTo(2);
    }

    @Test
    void aClientThatLeavesTakesNothingWithIt() throws IOException {
        try (Wire wire = wire()) {
            wire.send(
                    put("gone/1", "x") + put("gone/2", "x") + get("/v1/kv/gone/1") + "PUT /v1/kv/gone/3 HTTP/1.1\r\n");
            assertThat(writes()).isEqualTo(2);
        }
        server.node.release();
        await().untilAsserted(() -> assertThat(server.metrics.scrape(null).text())
                .contains("balsa_http_in_flight_requests 0.0")
                .contains("balsa_http_in_flight_bytes 0.0")
                .contains("balsa_http_connections 0.0"));
        assertThat(writes()).isEqualTo(2);
        assertThat(server.get("/v1/kv/gone/2?raw").text()).isEqualTo("x");
    }
}

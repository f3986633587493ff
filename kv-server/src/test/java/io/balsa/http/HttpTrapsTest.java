package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What no well-behaved client sends, byte by byte. */
class HttpTrapsTest {
    private static final String HOST = "Host: h\r\n";

    @RegisterExtension
    private static final TestServer server =
            new TestServer(new HttpConfig("127.0.0.1", 0, 50, 8, 2 << 20, 400, 400, 1_500), 1);

    private static Wire wire() throws IOException {
        return new Wire(server.port);
    }

    private static String ask(String bytes) throws IOException {
        try (Wire wire = wire()) {
            return wire.send(bytes).answer();
        }
    }

    private static int status(String answer) {
        assertThat(answer).matches("(?s)HTTP/1\\.[01] \\d{3} .*");
        return Integer.parseInt(answer.substring(9, 12));
    }

    private static void isRefused(String bytes, int status, String code) throws IOException {
        long before = server.node.writes();
        String answer = ask(bytes);
        assertThat(status(answer)).as(bytes).isEqualTo(status);
        assertThat(answer).contains("\"code\":\"" + code + "\"").contains("\"outcome\":\"not_applied\"");
        assertThat(server.node.writes()).isEqualTo(before);
    }

    @Test
    void aPortInUseIsNamedInTheMessage() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> new TestServer(HttpConfig.localhost(taken.getLocalPort()), 2))
                    .hasMessageContaining("cannot listen for clients on 127.0.0.1:" + taken.getLocalPort());
        }
    }

    @Test
    void thePathIsTakenAsItCame() throws IOException {
        for (String key : new String[] {"//", "a//b", "a/./b", "a/../b", "..", ".", "a;b=c", "/"}) {
            String answer = ask("PUT /v1/kv/" + key + " HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx");
            assertThat(answer).as(key).contains("{\"key\":\"" + key + "\"");
        }
        // Bytes that a terminal sends as they are.
        assertThat(ask("GET /v1/kv/\u00c3\u00bc HTTP/1.1\r\n" + HOST + "\r\n")).contains("key_not_found");
        isRefused("GET /v1/kv/\u00fc HTTP/1.1\r\n" + HOST + "\r\n", 400, "bad_request");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/kv/%",
                "/v1/kv/%4",
                "/v1/kv/%zz",
                "/v1/kv/a%",
                "/v1/kv/%C3%2",
                "/v1/kv?key=%x1",
                "/v1/kv/%FF",
                "/v1/kv/a\u0001"
            })
    void badEscapesAndBadUtf8AreRefused(String target) throws IOException {
        isRefused("PUT " + target + " HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx", 400, "bad_request");
    }

    @Test
    void hostsAreCounted() throws IOException {
        isRefused("GET /v1/limits HTTP/1.1\r\n\r\n", 400, "bad_request");
        isRefused("GET /v1/limits HTTP/1.1\r\n" + HOST + "host: g\r\n\r\n", 400, "bad_request");
        assertThat(status(ask("GET /v1/limits HTTP/1.0\r\n\r\n"))).isEqualTo(200);
    }

    @Test
    void headersThatContinueOnTheNextLineAreRefused() throws IOException {
        isRefused("GET /v1/limits HTTP/1.1\r\n" + HOST + "X: a\r\n b\r\n\r\n", 400, "bad_request");
        isRefused("GET /v1/limits HTTP/1.1\r\n" + HOST + "X: a\r\n\tb: c\r\n\r\n", 400, "bad_request");
        isRefused("GET /v1/limits HTTP/1.1\r\n X: a\r\n" + HOST + "\r\n", 400, "bad_request");
        try (Wire wire = wire()) {
            // In pieces, after a good request on the same connection.
            assertThat(status(wire.send("GET /v1/limits HTTP/1.1\r\n" + HOST + "\r\n")
                            .answer()))
                    .isEqualTo(200);
            wire.send("GET /v1/limits HTTP/1.1\r\n" + HOST + "X: a\r\n")
                    .send(" b\r\n")
                    .send("\r\n");
            assertThat(status(wire.answer())).isEqualTo(400);
        }
        // A body may begin with blanks after a line's end.
        assertThat(status(ask("PUT /v1/kv/fold HTTP/1.1\r\n" + HOST + "Content-Length: 3\r\n\r\n\n a")))
                .isBetween(200, 201);
    }

    @Test
    void headersAreBoundedInNumberAndSize() throws IOException {
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 63; i++) {
            many.append("X").append(i).append(": 1\r\n");
        }
        String start = "GET /v1/limits HTTP/1.1\r\n" + HOST + many;
        assertThat(status(ask(start + "\r\n"))).isEqualTo(200);
        isRefused(start + "Y: 1\r\n\r\n", 431, "headers_too_large");
        isRefused(
                "GET /v1/limits HTTP/1.1\r\n" + HOST + "X: " + "x".repeat(17_000) + "\r\n\r\n",
                431,
                "headers_too_large");
        isRefused("GET /v1/kv/" + "x".repeat(9_000) + " HTTP/1.1\r\n" + HOST + "\r\n", 414, "uri_too_long");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET http://h/v1/limits HTTP/1.1",
                "GET v1/limits HTTP/1.1",
                "OPTIONS * HTTP/1.1",
                "CONNECT h:80 HTTP/1.1"
            })
    void targetsThatAreNoPathAreRefused(String line) throws IOException {
        isRefused(line + "\r\n" + HOST + "\r\n", 400, "bad_request");
    }

    @Test
    void traceAndConnectAreRefused() throws IOException {
        isRefused("TRACE /v1/kv/a HTTP/1.1\r\n" + HOST + "\r\n", 405, "method_not_allowed");
        isRefused("CONNECT /v1/kv/a HTTP/1.1\r\n" + HOST + "\r\n", 405, "method_not_allowed");
    }

    @Test
    void noRequestIsUpgradedToHttp2OrToAWebSocket() throws Exception {
        String upgrade =
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
        assertThat(ask("GET /v1/limits HTTP/1.1\r\n" + HOST + upgrade)).startsWith("HTTP/1.1 200 ");
        String socket = """
                Connection: Upgrade\r
                Upgrade: websocket\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                \r
                """;
        assertThat(ask("GET /v1/limits HTTP/1.1\r\n" + HOST + socket)).startsWith("HTTP/1.1 200 ");
        assertThat(ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).contains(" 501 Not Implemented");
        // Java's own client asks for an upgrade by default, and must not notice.
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port + "/v1/limits"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
        assertThat(answer.statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 1\r\nContent-Length: 2\r\n",
                "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
                "Content-Length: -1\r\n",
                "Content-Length: x\r\n",
                "Transfer-Encoding: gzip, chunked\r\n",
                "Expect: 200-ok\r\nContent-Length: 1\r\n",
                "Content-Length : 1\r\n"
            })
    void bodiesOfDoubtfulLengthAreRefused(String headers) throws IOException {
        isRefused("PUT /v1/kv/len HTTP/1.1\r\n" + HOST + headers + "\r\nx", 400, "bad_request");
    }

    @Test
    void anAnnouncedBodyThatIsTooLargeIsRefusedAtOnceAndTheClientCanReadIt() throws IOException {
        try (Wire wire = wire()) {
            wire.send("PUT /v1/kv/big HTTP/1.1\r\n" + HOST + "Content-Length: 3000000\r\n\r\n");
            String answer = wire.answer(); // Before any of the body is sent.
            assertThat(status(answer)).isEqualTo(413);
            assertThat(answer)
                    .contains("\"limit\":1048576,\"actual\":3000000")
                    .containsIgnoringCase("connection: close");
            wire.send(new byte[1_000_000]); // As a client that has not looked yet: no reset.
            assertThat(wire.isClosedByServer()).isTrue();
        }
    }

    @Test
    void aChunkedBodyIsCountedAsItComes() throws IOException {
        String head = "PUT /v1/kv/chunks HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n";
        assertThat(ask(head + "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n")).contains("\"key\":\"chunks\"");
        assertThat(server.get("/v1/kv/chunks?raw").text()).isEqualTo("abcde");
        long before = server.node.writes();
        try (Wire wire = wire()) {
            wire.send(head + "100001\r\n").send(new byte[(1 << 20) + 1]);
            assertThat(status(wire.answer())).isEqualTo(413);
        }
        assertThat(server.node.writes()).isEqualTo(before);
    }

    @Test
    void aClientThatExpectsToContinueIsToldToOrRefusedFirst() throws IOException {
        try (Wire wire = wire()) {
            wire.send("PUT /v1/kv/expect HTTP/1.1\r\n" + HOST + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
            assertThat(wire.answer()).startsWith("HTTP/1.1 100 ");
            assertThat(status(wire.send("ok").answer())).isBetween(200, 201);
        }
        isRefused(
                "PUT /v1/kv/expect HTTP/1.1\r\n" + HOST + "Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n",
                413,
                "too_large");
    }

    @Test
    void aBodyThatFailsHalfWayIsNeverProposed() throws IOException {
        long before = server.node.writes();
        try (Wire wire = wire()) {
            wire.send("PUT /v1/kv/half HTTP/1.1\r\n" + HOST + "Content-Length: 10\r\n\r\n12345");
            wire.endOfSending();
            assertThat(wire.isClosedByServer()).isTrue();
        }
        try (Wire wire = wire()) {
            wire.send("PUT /v1/kv/half HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\nzz\r\n");
            assertThat(wire.isClosedByServer()).isTrue();
        }
        await().untilAsserted(() -> assertThat(server.metrics.scrape(null).text())
                .contains("balsa_http_in_flight_requests 0.0")
                .contains("balsa_http_in_flight_bytes 0.0"));
        assertThat(server.node.writes()).isEqualTo(before);
        assertThat(server.get("/v1/kv/half").status()).isEqualTo(404);
    }

    @Test
    void bodiesWhereNoneBelongsAreRefused() throws IOException {
        isRefused("GET /v1/kv/a HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx", 400, "bad_request");
        isRefused("DELETE /v1/kv/a HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx", 400, "bad_request");
    }

    @Test
    void aConnectionServesTheNextRequestAfterASmallRefusedOne() throws IOException {
        try (Wire wire = wire()) {
            wire.send("PUT /v1/kv/a?ttl=1 HTTP/1.1\r\n" + HOST + "Content-Length: 3\r\n\r\nabc");
            assertThat(status(wire.answer())).isEqualTo(400);
            wire.send("GET /v1/limits HTTP/1.1\r\n" + HOST + "\r\n");
            assertThat(status(wire.answer())).isEqualTo(200);
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws IOException {
        try (Wire wire = wire()) {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                requests.append("PUT /v1/kv/pipe/")
                        .append(i)
                        .append(" HTTP/1.1\r\n")
                        .append(HOST)
                        .append("Content-Length: 1\r\n\r\nx");
            }
            wire.send(requests.toString());
            for (int i = 0; i < 20; i++) {
                assertThat(wire.answer()).contains("\"key\":\"pipe/" + i + "\"");
            }
        }
    }

    @Test
    void aConnectionThatSendsARequestTooSlowlyOrNothingIsClosed() throws IOException {
        try (Wire silent = wire();
                Wire slowHead = wire();
                Wire slowBody = wire()) {
            slowHead.send("GET /v1/limits HTTP/1.1\r\nHost");
            slowBody.send("PUT /v1/kv/slow HTTP/1.1\r\n" + HOST + "Content-Length: 100\r\n\r\n1");
            long begin = System.nanoTime();
            assertThat(slowHead.isClosedByServer()).isTrue();
            assertThat(slowBody.isClosedByServer()).isTrue();
            assertThat(silent.isClosedByServer()).isTrue();
            assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin))
                    .isLessThan(15);
        }
    }

    @Test
    void aRequestThatWaitsForItsAnswerIsNotIdle() throws Exception {
        server.node.hold();
        try (Wire wire = wire()) {
            wire.send("PUT /v1/kv/wait HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx");
            long begin = System.nanoTime();
            await().until(() -> System.nanoTime() - begin > TimeUnit.MILLISECONDS.toNanos(2_500));
            server.node.release();
            assertThat(status(wire.answer())).isEqualTo(201);
        } finally {
            server.node.release();
        }
    }

    @Test
    void tooManyRequestsOrBytesInFlightAreRefused() throws Exception {
        server.node.hold();
        Wire[] wires = new Wire[8];
        try {
            for (int i = 0; i < wires.length; i++) {
                wires[i] = wire().send("PUT /v1/kv/busy/" + i + " HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx");
            }
            await().until(() -> server.metrics.scrape(null).text().contains("balsa_http_in_flight_requests 8.0"));
            String answer = ask("GET /v1/kv/busy HTTP/1.1\r\n" + HOST + "\r\n");
            assertThat(status(answer)).isEqualTo(429);
            assertThat(answer).contains("\"code\":\"busy\"").contains("Retry-After: 1");
            assertThat(status(ask("GET /v1/limits HTTP/1.1\r\n" + HOST + "\r\n")))
                    .isEqualTo(200);
        } finally {
            server.node.release();
        }
        for (Wire wire : wires) {
            assertThat(status(wire.answer())).isEqualTo(201);
            wire.close();
        }
        String half = "PUT /v1/kv/busy HTTP/1.1\r\n" + HOST + "Content-Length: 1048576\r\n\r\n";
        try (Wire first = wire();
                Wire second = wire()) {
            first.send(half);
            second.send(half);
            await().until(() -> server.metrics.scrape(null).text().contains("balsa_http_in_flight_bytes 2097152.0"));
            isRefused("PUT /v1/kv/busy HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx", 429, "busy");
        }
        await().untilAsserted(() -> assertThat(server.metrics.scrape(null).text())
                .contains("balsa_http_in_flight_requests 0.0")
                .contains("balsa_http_in_flight_bytes 0.0"));
    }

    @Test
    void aServerThatStopsAnswersWhatIsInFlightAndTakesNothingNew() throws Exception {
        try (TestServer stopping = new TestServer(HttpConfig.localhost(0), 1);
                Wire wire = new Wire(stopping.port)) {
            stopping.node.hold();
            wire.send("PUT /v1/kv/last HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx");
            await().until(() -> stopping.node.writes() == 1);
            Future<Void> stopped = stopping.api.stop();
            assertThat(stopped.isComplete()).isFalse();
            stopping.node.release();
            assertThat(status(wire.answer())).isEqualTo(201);
            stopped.toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
            assertThatThrownBy(() -> new Wire(stopping.port)).isInstanceOf(ConnectException.class);
        }
    }

    @Test
    void tooManyConnectionsAreClosed() throws IOException {
        Wire[] wires = new Wire[60];
        int served = 0;
        try {
            for (int i = 0; i < wires.length; i++) {
                wires[i] = wire();
            }
            for (Wire wire : wires) {
                try {
                    served += wire.send("GET /v1/limits HTTP/1.1\r\n" + HOST + "\r\n")
                                    .answer()
                                    .isEmpty()
                            ? 0
                            : 1;
                } catch (IOException closed) {
                    // As it should be for some.
                }
            }
        } finally {
            for (Wire wire : wires) {
                wire.close();
            }
        }
        assertThat(served).isBetween(1, 50);
        // The server hears of it a little later, and the next test has no room until then.
        await().until(() -> server.metrics.scrape(null).text().contains("balsa_http_connections 0.0"));
    }
}

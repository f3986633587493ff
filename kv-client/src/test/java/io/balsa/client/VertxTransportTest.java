package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.client.FakeServer.Answer;
import io.balsa.client.HttpTransport.Exchange;
import io.balsa.client.HttpTransport.Reply;
import io.balsa.client.HttpTransport.Request;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opentest4j.TestAbortedException;

/** What the layers above rely on: who was perhaps seen by the server, and that a place is always given back. */
@Timeout(60)
final class VertxTransportTest {
    private static final int TRIES = 200;

    private static HttpTransport transport(int connections) {
        return new VertxTransport("test", Duration.ofSeconds(1), connections, null);
    }

    private static Request put(String target, String body) {
        return put(target, () -> body.getBytes(StandardCharsets.UTF_8));
    }

    private static Request put(String target, Supplier<byte[]> body) {
        return new Request("PUT", target, Map.of(), body);
    }

    @Test
    void requestArrivesAsItWasGivenAndItsAnswerWhole() throws Exception {
        try (FakeServer server =
                        new FakeServer(request -> Answer.json(201, "{}").with("Location", "there"));
                HttpTransport transport = transport(1)) {
            Exchange exchange = transport.open(
                    Endpoint.parse(server.url()),
                    new Request("PUT", "/v1/kv/a%2Fb%20?x=%C3%A4", Map.of("If-Match", "\"7\""), "v"::getBytes));
            exchange.start();
            Reply reply = exchange.reply().get();
            assertThat(reply.status()).isEqualTo(201);
            assertThat(reply.location()).isEqualTo("there");
            assertThat(reply.retryAfter()).isEmpty();
            assertThat(reply.body()).asString().isEqualTo("{}");
            assertThat(server.seen()).singleElement().satisfies(seen -> {
                assertThat(seen.target()).isEqualTo("/v1/kv/a%2Fb%20?x=%C3%A4");
                assertThat(seen.header("If-Match")).isEqualTo("\"7\"");
                assertThat(seen.header("Content-Length")).isEqualTo("1");
                assertThat(seen.body()).isEqualTo("v");
            });
        }
    }

    @Test
    void emptyValueIsABodyOfNoBytes() throws Exception {
        try (FakeServer server = new FakeServer(request -> Answer.json(200, "{}"));
                HttpTransport transport = transport(1)) {
            Exchange exchange = transport.open(Endpoint.parse(server.url()), put("/empty", ""));
            exchange.start();
            exchange.reply().get();
            assertThat(server.seen().get(0).header("Content-Length")).isEqualTo("0");
        }
    }

    /** Again and again, at whatever moment between the start and the answer it comes. */
    @Test
    void exchangeThatIsGivenUpTellsWhetherItMayHaveBeenSeenAndGivesItsPlaceBack() throws Exception {
        try (FakeServer server = new FakeServer(request -> Answer.json(200, "{}"))) {
            Endpoint endpoint = Endpoint.parse(server.url());
            int neverSent = 0;
            for (int i = 0; i < TRIES; i++) {
                try (HttpTransport transport = transport(1)) {
                    if (i % 2 == 1) {
                        Exchange first = transport.open(endpoint, put("/warm", "x"));
                        first.start();
                        first.reply().get();
                    }
                    Exchange exchange = transport.open(endpoint, put("/given-up/" + i, "x"));
                    exchange.start();
                    exchange.abort();
                    boolean sent = exchange.maybeSent();
                    assertThat(exchange.reply()).isDone();
                    if (exchange.reply().isCompletedExceptionally()) {
                        assertThatThrownBy(() -> exchange.reply().get()).hasMessageContaining("given up");
                    } else {
                        assertThat(sent).as("it was answered before").isTrue();
                    }
                    Exchange next = transport.open(endpoint, put("/next", "x"));
                    next.start();
                    assertThat(next.reply().get(5, TimeUnit.SECONDS).status()).isEqualTo(200);
                    String target = "/given-up/" + i;
                    if (!sent) {
                        neverSent++;
                        assertThat(server.seen())
                                .noneMatch(seen -> seen.target().equals(target));
                    }
                }
            }
            assertThat(neverSent).isPositive();
        }
    }

    /** It may be on its way to the server at that very moment: then it goes on. */
    @Test
    void exchangeThatIsGivenUpUnlessItWasSentIsEitherNeverSeenOrAnswered() throws Exception {
        try (FakeServer server = new FakeServer(request -> Answer.json(200, "{}"))) {
            Endpoint endpoint = Endpoint.parse(server.url());
            int givenUp = 0;
            for (int i = 0; i < TRIES; i++) {
                try (HttpTransport transport = transport(1)) {
                    Exchange first = transport.open(endpoint, put("/warm", "x"));
                    first.start();
                    first.reply().get();
                    String target = "/either/" + i;
                    Exchange exchange = transport.open(endpoint, put(target, "x"));
                    exchange.start();
                    spin(i * 1_000L);
                    if (exchange.abortUnsent("in time")) {
                        givenUp++;
                        assertThatThrownBy(() -> exchange.reply().get()).hasMessageContaining("in time");
                        assertThat(exchange.maybeSent()).isFalse();
                        Exchange next = transport.open(endpoint, put("/next", "x"));
                        next.start();
                        next.reply().get(5, TimeUnit.SECONDS);
                        assertThat(server.seen())
                                .noneMatch(seen -> seen.target().equals(target));
                    } else {
                        assertThat(exchange.reply().get(5, TimeUnit.SECONDS).status())
                                .isEqualTo(200);
                    }
                }
            }
            assertThat(givenUp).isBetween(1, TRIES - 1);
        }
    }

    private static void spin(long nanos) {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void exchangeThatWaitsForAPlaceIsGivenUpWithoutEverAskingForAConnection() throws Exception {
        CountDownLatch answer = new CountDownLatch(1);
        try (FakeServer server = new FakeServer(request -> {
                    answer.await();
                    return Answer.json(200, "{}");
                });
                HttpTransport transport = transport(1)) {
            Endpoint endpoint = Endpoint.parse(server.url());
            Exchange first = transport.open(endpoint, put("/first", "x"));
            Exchange second = transport.open(endpoint, put("/second", "x"));
            Exchange third = transport.open(endpoint, put("/third", "x"));
            List.of(first, second, third).forEach(Exchange::start);
            second.abort();
            assertThat(second.maybeSent()).isFalse();
            answer.countDown();
            assertThat(first.reply().get().status()).isEqualTo(200);
            assertThat(third.reply().get().status()).isEqualTo(200);
            assertThat(server.seen()).extracting(FakeServer.Seen::target).containsExactly("/first", "/third");
        }
    }

    @Test
    void bodyThatCannotBeMadeEndsTheExchangeUnsent() throws Exception {
        try (FakeServer server = new FakeServer(request -> Answer.json(200, "{}"));
                HttpTransport transport = transport(1)) {
            Endpoint endpoint = Endpoint.parse(server.url());
            Exchange exchange = transport.open(endpoint, put("/broken", () -> {
                throw new IllegalStateException("no body");
            }));
            exchange.start();
            assertThatThrownBy(() -> exchange.reply().get()).hasMessageContaining("no body");
            assertThat(exchange.maybeSent()).isFalse();
            Exchange next = transport.open(endpoint, put("/next", "x"));
            next.start();
            assertThat(next.reply().get(5, TimeUnit.SECONDS).status()).isEqualTo(200);
        }
    }

    @Test
    void addressMayBeOfIpv6() throws Exception {
        byte[] loopback = new byte[16];
        loopback[15] = 1;
        try (ServerSocket listener = listen(InetAddress.getByAddress(loopback));
                HttpTransport transport = transport(1)) {
            Thread server = new Thread(() -> answerOne(listener), "ipv6-server");
            server.start();
            Exchange exchange =
                    transport.open(Endpoint.parse("http://[::1]:" + listener.getLocalPort()), put("/six", "x"));
            exchange.start();
            assertThat(exchange.reply().get(5, TimeUnit.SECONDS).status()).isEqualTo(204);
            server.join();
        }
    }

    private static ServerSocket listen(InetAddress address) {
        try {
            return new ServerSocket(0, 1, address);
        } catch (IOException none) {
            throw new TestAbortedException("this machine has no IPv6 loopback address: " + none.getMessage());
        }
    }

    private static void answerOne(ServerSocket listener) {
        try (Socket socket = listener.accept()) {
            byte[] request = new byte[1_024];
            assertThat(socket.getInputStream().read(request)).isPositive();
            socket.getOutputStream().write("HTTP/1.1 204 No Content\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Test
    void answerThatIsTooLongIsNotKept() throws Exception {
        try (FakeServer server = new FakeServer(request -> Answer.json(200, "x".repeat((64 << 20) + 1)));
                HttpTransport transport = transport(1)) {
            Exchange exchange = transport.open(Endpoint.parse(server.url()), put("/long", "x"));
            exchange.start();
            assertThatThrownBy(() -> exchange.reply().get())
                    .isInstanceOf(ExecutionException.class)
                    .hasMessageContaining("longer than 67108864 bytes");
            assertThat(exchange.maybeSent()).isTrue();
        }
    }

    @Test
    void closedTransportEndsWhatIsUnderWayAndSendsNothingMore() throws Exception {
        CountDownLatch answer = new CountDownLatch(1);
        try (FakeServer server = new FakeServer(request -> {
            answer.await();
            return Answer.json(200, "{}");
        })) {
            Endpoint endpoint = Endpoint.parse(server.url());
            HttpTransport transport = transport(2);
            Exchange running = transport.open(endpoint, put("/running", "x"));
            running.start();
            transport.close();
            assertThatThrownBy(() -> running.reply().get())
                    .hasCauseInstanceOf(TransportException.class)
                    .hasMessageContaining("given up");
            Exchange late = transport.open(endpoint, put("/late", "x"));
            late.start();
            assertThatThrownBy(() -> late.reply().get()).hasMessageContaining("closed");
            assertThat(late.maybeSent()).isFalse();
            answer.countDown();
        }
    }
}

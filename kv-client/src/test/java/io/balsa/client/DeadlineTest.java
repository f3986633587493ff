package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.balsa.client.FakeServer.Answer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every call ends in time, and a closed client leaves nothing behind. */
@Timeout(30)
final class DeadlineTest {
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration SECOND = Duration.ofSeconds(1);
    /** How late a call may end on a busy machine. */
    private static final Duration LATE_MAX = Duration.ofSeconds(2);

    @Test
    void writeToAServerThatNeverAnswersEndsAsUnknownAtTheDeadline() throws Exception {
        try (ServerSocket hole = FakeServer.blackHole();
                BalsaClient client = BalsaClient.connect(FakeServer.url(hole))) {
            long begin = System.nanoTime();
            var failure = catchThrowableOfType(
                    UnknownOutcomeException.class, () -> client.put("k", "v", CallOption.deadline(SHORT)));
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(SHORT, SHORT.plus(LATE_MAX));
            assertThat(failure.code()).isEqualTo("deadline");
            assertThat(failure.attempts()).hasSize(1);
            assertThat(failure).hasMessageContaining(FakeServer.url(hole)).hasMessageContaining("within 300 ms");
        }
    }

    /** The timer and the waiting thread may both end it; the second one came while the first gave the attempt up. */
    @Test
    void callThatIsEndedTwiceAtOnceNamesItsServerAllTheSame() {
        AtomicReference<Invocation<?>> call = new AtomicReference<>();
        HttpTransport.Exchange hanging = new HttpTransport.Exchange() {
            private final CompletableFuture<HttpTransport.Reply> reply = new CompletableFuture<>();

            @Override
            public void start() {}

            @Override
            public CompletableFuture<HttpTransport.Reply> reply() {
                return reply;
            }

            @Override
            public boolean maybeSent() {
                return true;
            }

            @Override
            public boolean abortUnsent(String why) {
                return false;
            }

            @Override
            public void abort() {
                Objects.requireNonNull(call.get()).end("deadline", "the second");
            }
        };
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        try {
            Invocation<String> invocation = new Invocation<>(
                    new Operation<>(
                            "put",
                            null,
                            false,
                            false,
                            () -> Operation.getRequest(RequestTarget.path("/")),
                            null,
                            reply -> "done"),
                    new CallOptions(Duration.ofSeconds(20), Consistency.LINEARIZABLE, null),
                    new Endpoints(List.of(new Endpoint("http://h:1"))),
                    (endpoint, operation) -> hanging,
                    timer);
            call.set(invocation);
            CompletableFuture<String> result = invocation.start();
            invocation.end("deadline", "the first");
            assertThatThrownBy(result::join)
                    .hasCauseInstanceOf(UnknownOutcomeException.class)
                    .hasMessageContaining("the second")
                    .hasMessageContaining("tried http://h:1 (no answer yet)");
        } finally {
            timer.shutdownNow();
        }
    }

    @Test
    void callEndsAtTheDeadlineWhenEveryEndpointIsDownAndNamesThemAll() throws Exception {
        String one = FakeServer.refusedUrl();
        String two = FakeServer.refusedUrl();
        try (BalsaClient client = BalsaClient.builder()
                .endpoints(List.of(one, two))
                .deadline(SECOND)
                .build()) {
            long begin = System.nanoTime();
            assertThatThrownBy(() -> client.put("k", "v"))
                    .isInstanceOf(NotAppliedException.class)
                    .hasMessageContaining(one)
                    .hasMessageContaining(two)
                    .hasMessageContaining("connection refused");
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(SECOND, SECOND.plus(LATE_MAX));
            assertThatThrownBy(() -> client.get("k")).isInstanceOf(NotAppliedException.class);
        }
    }

    @Test
    void readLeavesAServerThatNeverAnswersForAnotherOne() throws Exception {
        try (ServerSocket hole = FakeServer.blackHole();
                FakeServer alive = new FakeServer(request -> Answer.found("k", "v", 57))) {
            for (int i = 0; i < 4; i++) {
                try (BalsaClient client = BalsaClient.connect(FakeServer.url(hole), alive.url())) {
                    assertThat(client.get("k", CallOption.deadline(Duration.ofSeconds(3))))
                            .isPresent();
                }
            }
        }
    }

    @Test
    void answerThatStopsInTheMiddleEndsAtTheDeadline() throws Exception {
        try (ServerSocket half = FakeServer.blackHole();
                BalsaClient client = BalsaClient.connect(FakeServer.url(half))) {
            CompletableFuture<?> result = client.putAsync("k", "v", CallOption.deadline(SHORT));
            try (var connection = half.accept()) {
                connection
                        .getOutputStream()
                        .write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".getBytes(StandardCharsets.US_ASCII));
                assertThatThrownBy(result::join)
                        .isInstanceOf(CompletionException.class)
                        .hasCauseInstanceOf(UnknownOutcomeException.class);
                // The connection is given up too: the other side sees its end.
                connection.setSoTimeout(5_000);
                assertThat(connection.getInputStream().readAllBytes()).isNotEmpty();
            }
        }
    }

    @Test
    void writeThatNeverGotAConnectionWasNotApplied() throws Exception {
        try (ServerSocket hole = FakeServer.blackHole();
                BalsaClient client = BalsaClient.builder()
                        .endpoints(List.of(FakeServer.url(hole)))
                        .connectionsPerEndpointMax(1)
                        .build()) {
            var running = client.putAsync("a", "v", CallOption.deadline(Duration.ofSeconds(10)));
            assertThatThrownBy(() -> client.put("b", "v", CallOption.deadline(SHORT)))
                    .isInstanceOf(NotAppliedException.class)
                    .hasMessageContaining("no connection yet");
            assertThat(running).isNotDone();
        }
    }

    @Test
    void manyAsynchronousCallsShareFewConnectionsAndAllEnd() throws Exception {
        AtomicInteger atOnce = new AtomicInteger();
        AtomicInteger atOnceMost = new AtomicInteger();
        try (FakeServer server = new FakeServer(request -> {
                    atOnceMost.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                    TimeUnit.MILLISECONDS.sleep(1);
                    atOnce.decrementAndGet();
                    return Answer.written(57);
                });
                BalsaClient client = BalsaClient.builder()
                        .endpoints(List.of(server.url()))
                        .connectionsPerEndpointMax(4)
                        .batching(false)
                        .deadline(Duration.ofSeconds(20))
                        .build()) {
            List<CompletableFuture<PutResult>> results = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                results.add(client.putAsync("k" + i, "v"));
            }
            for (CompletableFuture<PutResult> result : results) {
                assertThat(result.get().modRevision()).isEqualTo(57);
            }
            assertThat(atOnceMost.get()).isBetween(2, 4);
            assertThat(server.seen()).hasSize(500);
        }
    }

    @Test
    void callsBeyondTheLimitFailAtOnceAndWereNotApplied() throws Exception {
        try (ServerSocket hole = FakeServer.blackHole();
                BalsaClient client = BalsaClient.builder()
                        .endpoints(List.of(FakeServer.url(hole)))
                        .inFlightMax(1)
                        .build()) {
            var first = client.putAsync("a", "v");
            var failure = catchThrowableOfType(NotAppliedException.class, () -> client.put("b", "v"));
            assertThat(failure.code()).isEqualTo("client_busy");
            first.cancel(true);
            assertThatThrownBy(() -> client.put("c", "v", CallOption.deadline(SHORT)))
                    .isInstanceOf(UnknownOutcomeException.class);
        }
    }

    @Test
    void interruptedCallerGetsItsThreadBack() throws Exception {
        try (ServerSocket hole = FakeServer.blackHole();
                BalsaClient client = BalsaClient.connect(FakeServer.url(hole))) {
            Thread caller = Thread.currentThread();
            Thread interrupter = new Thread(() -> {
                var unused = awaitRequest(hole);
                caller.interrupt();
            });
            interrupter.start();
            assertThatThrownBy(() -> client.put("k", "v")).isInstanceOf(UnknownOutcomeException.class);
            assertThat(Thread.interrupted()).isTrue();
            interrupter.join();
        }
    }

    @Test
    void waitingCallEndsInTimeEvenWhenACallbackBlocksTheTimer() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        try (ServerSocket hole = FakeServer.blackHole();
                BalsaClient client = BalsaClient.connect(FakeServer.url(hole))) {
            CountDownLatch blocked = new CountDownLatch(1);
            var unused = client.putAsync("a", "v", CallOption.deadline(SECOND)).whenComplete((value, error) -> {
                blocked.countDown();
                awaitQuietly(release);
            });
            blocked.await();
            assertThatThrownBy(() -> client.put("b", "v", CallOption.deadline(SHORT)))
                    .isInstanceOf(UnknownOutcomeException.class);
            release.countDown();
        }
    }

    @Test
    void closeEndsTheCallsUnderWayAndFreesThreadsAndConnections() throws Exception {
        try (ServerSocket hole = FakeServer.blackHole()) {
            BalsaClient client = BalsaClient.connect(FakeServer.url(hole));
            var write = client.putAsync("k", "v");
            var read = client.getAsync("k");
            try (var one = awaitRequest(hole);
                    var two = awaitRequest(hole)) {
                client.close();
                assertThatThrownBy(write::join).hasCauseInstanceOf(UnknownOutcomeException.class);
                assertThatThrownBy(read::join).hasCauseInstanceOf(NotAppliedException.class);
                // Both connections are at their end.
                one.getInputStream().readAllBytes();
                two.getInputStream().readAllBytes();
            }
            assertThatThrownBy(() -> client.put("k", "v"))
                    .isInstanceOf(NotAppliedException.class)
                    .hasMessageContaining("closed");
        }
        awaitNoThreads();
    }

    /** Accepts a connection, and waits for the first byte of a request on it. */
    private static Socket awaitRequest(ServerSocket hole) {
        try {
            Socket connection = hole.accept();
            connection.setSoTimeout(5_000);
            assertThat(connection.getInputStream().read()).isPositive();
            return connection;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Before Java 21 the JDK's selector thread ends only after a garbage collection. */
    private static void awaitNoThreads() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        List<String> alive = threadsOfClients();
        while (!alive.isEmpty() && System.nanoTime() < end) {
            System.gc();
            Thread.onSpinWait();
            alive = threadsOfClients();
        }
        assertThat(alive).isEmpty();
    }

    private static List<String> threadsOfClients() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("balsa-client") || name.startsWith("HttpClient"))
                .toList();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

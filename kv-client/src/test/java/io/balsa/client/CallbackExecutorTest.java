package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.balsa.client.FakeServer.Answer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which thread runs what callers attach to futures. */
@Timeout(60)
final class CallbackExecutorTest {
    /** The first call is answered when something is attached to its future: else the caller would run that itself. */
    private final Semaphore attached = new Semaphore(0);

    private FakeServer server;

    @BeforeEach
    void start() throws Exception {
        server = new FakeServer(request -> {
            if (request.target().endsWith("first")) {
                attached.acquireUninterruptibly();
            }
            return Answer.written(57);
        });
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void aThreadOfTheClientUnlessItIsToldAnother() throws Exception {
        try (BalsaClient client = BalsaClient.connect(server.url())) {
            assertThat(threadOf(client)).startsWith("balsa-client-");
        }
        try (BalsaClient client = builder().callbackExecutor(Runnable::run).build()) {
            assertThat(threadOf(client)).startsWith("vert.x-eventloop-thread");
        }
    }

    @Test
    void theExecutorThatIsGivenAndItIsNotShutDown() throws Exception {
        ExecutorService given = Executors.newSingleThreadExecutor(task -> new Thread(task, "given"));
        try {
            try (BalsaClient client = builder().callbackExecutor(given).build()) {
                assertThat(threadOf(client)).isEqualTo("given");
            }
            assertThat(given.isShutdown()).isFalse();
        } finally {
            given.shutdownNow();
        }
    }

    /** It would wait for itself until its deadline. */
    @Test
    void aCallThatWaitsOnTheEventLoopIsRefusedAtOnceAndNothingIsSent() throws Exception {
        try (BalsaClient client = builder().callbackExecutor(Runnable::run).build()) {
            Throwable refused = onAnswer(client, () -> catchThrowable(() -> client.put("second", "v")));
            assertThat(refused)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("put second: not applied")
                    .hasMessageContaining("callbackExecutor");
            assertThat(server.seen()).hasSize(1);
            CompletableFuture<PutResult> next = onAnswer(client, () -> client.putAsync("third", "v"));
            assertThat(next.get(5, TimeUnit.SECONDS).modRevision()).isEqualTo(57);
            client.put("fourth", "v"); // From elsewhere it may.
            assertThat(server.seen()).hasSize(4);
        }
    }

    private ClientBuilder builder() {
        return BalsaClient.builder().endpoints(server.url());
    }

    private String threadOf(BalsaClient client) throws Exception {
        return onAnswer(client, () -> Thread.currentThread().getName());
    }

    private <T> T onAnswer(BalsaClient client, Supplier<T> code) throws Exception {
        CompletableFuture<T> done = new CompletableFuture<>();
        CompletableFuture<PutResult> call = client.putAsync("first", "v");
        var unused = call.thenRun(() -> done.complete(code.get()));
        attached.release();
        return done.get(5, TimeUnit.SECONDS);
    }
}

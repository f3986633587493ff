package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.balsa.client.FakeServer.Answer;
import io.balsa.client.FakeServer.Seen;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** A server that holds its first answer back, so that the calls that start meanwhile go together. */
abstract class BatchFixture {
    static final String WRITTEN =
            "{\"status\":200,\"key\":\"k\",\"version\":2,\"createRevision\":1,\"modRevision\":57}";

    final CountDownLatch firstMayEnd = new CountDownLatch(1);
    final CountDownLatch firstIsThere = new CountDownLatch(1);
    final List<AutoCloseable> opened = new ArrayList<>();

    /** Loading them under load takes so long that the client would take the first request of a test for a dead one. */
    @BeforeAll
    static void loadTheClasses() throws Exception {
        try (FakeServer server = new FakeServer(BatchFixture::allWritten);
                BalsaClient client = BalsaClient.connect(server.url())) {
            client.put("k", "v");
        }
    }

    @AfterEach
    void closeAll() throws Exception {
        firstMayEnd.countDown();
        for (AutoCloseable resource : opened) {
            resource.close();
        }
    }

    /** The call's request has come, and is not answered. */
    void keepBusy(CompletableFuture<?> call) throws InterruptedException {
        keepBusy(call, firstIsThere);
    }

    static void keepBusy(CompletableFuture<?> call, CountDownLatch isThere) throws InterruptedException {
        isThere.await();
        assertThat(call).isNotDone();
    }

    static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    static <E extends Throwable> E failure(Class<E> type, CompletableFuture<?> call) {
        var wrapped = catchThrowableOfType(CompletionException.class, call::join);
        assertThat(wrapped).isNotNull();
        assertThat(wrapped.getCause()).isExactlyInstanceOf(type);
        return Objects.requireNonNull(type.cast(wrapped.getCause()));
    }

    static String result(int status, String code, String outcome, boolean retryable) {
        return Answer.problem(status, code, outcome, retryable).body();
    }

    static Answer allWritten(Seen request) {
        return request.method().equals("POST")
                ? Answer.json(
                        200,
                        "{\"results\":[" + String.join(",", Collections.nCopies(operations(request), WRITTEN)) + "]}")
                : Answer.written(57);
    }

    static int operations(Seen request) {
        return request.method().equals("POST") ? request.body().split("\"op\":", -1).length - 1 : 1;
    }

    /** Its first answer comes once {@link #firstMayEnd}; then come those of {@code next}. */
    FakeServer holdingTheFirst(FakeServer.Script next) throws Exception {
        return holdingTheFirst(firstIsThere, firstMayEnd, next);
    }

    FakeServer holdingTheFirst(CountDownLatch isThere, CountDownLatch mayEnd, FakeServer.Script next) throws Exception {
        AtomicBoolean first = new AtomicBoolean(true);
        return server(request -> {
            if (first.getAndSet(false)) {
                isThere.countDown();
                mayEnd.await();
                return request.method().equals("GET") ? Answer.found("k", "v", 57) : Answer.written(57);
            }
            return next.answer(request);
        });
    }

    FakeServer server(FakeServer.Script script) throws Exception {
        FakeServer server = new FakeServer(script);
        opened.add(server);
        return server;
    }

    BalsaClient client(String... urls) {
        BalsaClient client = BalsaClient.connect(urls);
        opened.add(0, client);
        return client;
    }
}

package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.balsa.client.FakeServer.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A leader that stops answering keeps its connections; whom the others follow decides what becomes of the calls. */
@Timeout(30)
final class LeaderWatchTest {
    private static final CallOption PATIENT = CallOption.deadline(Duration.ofSeconds(20));
    private static final long SOON_MILLIS = 5_000;

    private final CountDownLatch resumed = new CountDownLatch(1);
    /** Who leads: one permit for each time that a server was asked. */
    private final Semaphore questions = new Semaphore(0);

    private final List<AutoCloseable> opened = new ArrayList<>();
    private FakeServer first;
    private FakeServer second;
    private BalsaClient client;

    @BeforeEach
    void knowTheFirstAsLeader() throws Exception {
        first = server(request -> Answer.written(57));
        second = server(request -> request.target().equals("/v1/status")
                ? status("follower")
                : Answer.redirect(first.url() + request.target()));
        client = BalsaClient.connect(first.url(), second.url());
        opened.add(0, client);
        client.put("k", "v");
    }

    @AfterEach
    void closeAll() throws Exception {
        resumed.countDown();
        for (AutoCloseable resource : opened) {
            resource.close();
        }
    }

    @Test
    void plainWriteEndsAsUnknownOnceAnotherLeads() {
        stop();
        CompletableFuture<PutResult> sent = client.putAsync("k", "v", PATIENT);
        secondLeads();
        var failure = failure(sent);
        assertThat(failure).isInstanceOf(UnknownOutcomeException.class);
        assertThat(failure.code()).isEqualTo("leader_changed");
        assertThat(failure).hasMessageContaining(first.url()).hasMessageContaining(second.url() + " leads now");
    }

    @Test
    void whatMayBeRepeatedGoesToTheNewLeader() throws Exception {
        stop();
        var idempotent = client.putAsync("k", "v", PATIENT, CallOption.exactlyOnce());
        var read = client.getAsync("k", PATIENT);
        secondLeads();
        assertThat(idempotent.get(SOON_MILLIS, TimeUnit.MILLISECONDS).modRevision())
                .isEqualTo(58);
        assertThat(read.get(SOON_MILLIS, TimeUnit.MILLISECONDS)).isPresent();
    }

    @Test
    void whatWasNotSentYetGoesToTheNewLeader() throws Exception {
        stop();
        var sent = client.putAsync("k", "v", PATIENT);
        var queued = client.putAsync("k2", "v", PATIENT);
        secondLeads();
        assertThat(queued.get(SOON_MILLIS, TimeUnit.MILLISECONDS).modRevision()).isEqualTo(58);
        assertThat(failure(sent)).isInstanceOf(UnknownOutcomeException.class);
        assertThat(client.put("k3", "v").modRevision()).isEqualTo(58);
        assertThat(first.seen()).filteredOn(seen -> seen.method().equals("PUT")).hasSize(2);
    }

    @Test
    void slowLeaderIsWaitedForWhileNobodyElseLeads() throws Exception {
        stop();
        var slow = client.putAsync("k", "v", PATIENT);
        questions.acquire(5);
        assertThat(slow).isNotDone();
        resumed.countDown();
        assertThat(slow.get().modRevision()).isEqualTo(57);
    }

    /** Seen with three real servers that had just started: a follower took 100 ms to say where the leader is. */
    @Test
    void plainWriteWaitsForAServerThatIsNotKnownToLead() throws Exception {
        CompletableFuture<Boolean> slowIsAsked = new CompletableFuture<>();
        FakeServer slow = server(request -> {
            if (request.target().equals("/v1/status")) {
                return status("follower");
            }
            slowIsAsked.complete(true);
            resumed.await();
            return Answer.redirect(second.url() + request.target());
        });
        secondLeads();
        CompletableFuture<PutResult> write;
        do {
            // Which server a new client asks first is chance.
            BalsaClient fresh = BalsaClient.connect(slow.url(), second.url());
            opened.add(0, fresh);
            write = fresh.putAsync("k", "v", PATIENT);
            CompletableFuture.anyOf(write, slowIsAsked).get();
        } while (!slowIsAsked.isDone());
        questions.drainPermits();
        questions.acquire(3);
        assertThat(write).isNotDone();
        resumed.countDown();
        assertThat(write.get().modRevision()).isEqualTo(58);
    }

    @Test
    void serverThatAnswersOthersIsNotAskedAbout() throws Exception {
        CountDownLatch slowIsThere = new CountDownLatch(1);
        first.script(request -> {
            if (request.target().contains("slow")) {
                slowIsThere.countDown();
                resumed.await();
            }
            return Answer.written(57);
        });
        BalsaClient single = BalsaClient.builder()
                .endpoints(first.url(), second.url())
                .batching(false)
                .build();
        opened.add(0, single);
        single.put("k", "v");
        int before = second.seen().size();
        var slow = single.putAsync("slow", "v", PATIENT);
        slowIsThere.await();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(500);
        while (System.nanoTime() < end) {
            single.put("k", "v");
        }
        // A pause of this process may look like silence of the server; it is then asked about once or twice, not
        // always.
        assertThat(second.seen().size() - before).isLessThan(4);
        resumed.countDown();
        assertThat(slow.handle((value, error) -> true).get()).isTrue();
    }

    @Test
    void oneServersOwnStatusIsAskedOfNoOther() {
        stop();
        secondLeads();
        var status = client.statusAsync(first.url(), CallOption.deadline(Duration.ofMillis(600)));
        assertThat(failure(status).code()).isEqualTo("deadline");
    }

    /** The first one takes in everything and answers nothing until {@link #resumed}. */
    private void stop() {
        first.script(request -> {
            resumed.await();
            return request.method().equals("GET") ? Answer.found("k", "v", 57) : Answer.written(57);
        });
    }

    private void secondLeads() {
        second.script(request -> {
            if (request.target().equals("/v1/status")) {
                return status("leader");
            }
            return request.method().equals("GET") ? Answer.found("k", "v", 58) : Answer.written(58);
        });
    }

    private Answer status(String role) {
        questions.release();
        return Answer.json(
                200,
                "{\"id\":\"n2\",\"role\":\"" + role
                        + "\",\"term\":2,\"commitIndex\":1,\"lastApplied\":1,\"revision\":1," + "\"version\":\"x\"}");
    }

    private static BalsaException failure(CompletableFuture<?> call) {
        var wrapped = catchThrowableOfType(
                CompletionException.class, call.orTimeout(SOON_MILLIS, TimeUnit.MILLISECONDS)::join);
        assertThat(wrapped).isNotNull();
        assertThat(wrapped.getCause()).isInstanceOf(BalsaException.class);
        return Objects.requireNonNull((BalsaException) wrapped.getCause());
    }

    private FakeServer server(FakeServer.Script script) throws Exception {
        FakeServer server = new FakeServer(script);
        opened.add(server);
        return server;
    }
}

package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.balsa.client.FakeServer.Answer;
import io.balsa.client.FakeServer.Seen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which calls go together, and that each of them ends as it would have alone. */
@Timeout(30)
final class BatchTest {
    private static final String WRITTEN =
            "{\"status\":200,\"key\":\"k\",\"version\":2,\"createRevision\":1,\"modRevision\":57}";

    private final CountDownLatch firstMayEnd = new CountDownLatch(1);
    private final CountDownLatch firstIsThere = new CountDownLatch(1);
    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        firstMayEnd.countDown();
        for (AutoCloseable resource : opened) {
            resource.close();
        }
    }

    @Test
    void callsThatStartWhileOneIsUnderWayGoTogetherInTheirOrder() throws Exception {
        FakeServer server = holdingTheFirst(BatchTest::allWritten);
        BalsaClient client = client(server.url());
        CompletableFuture<PutResult> first = client.putAsync("k0", "v");
        firstIsThere.await();
        List<CompletableFuture<?>> others = List.of(
                client.putAsync("k/1", "say \"hi\"\n\\ ü"),
                client.putAsync(Key.of("k2"), new byte[] {'a', (byte) 0xff, 0}),
                client.createAsync("k3", ""),
                client.updateAsync("k4", "v"),
                client.compareAndSetAsync("k5", "v", 7, CallOption.idempotencyKey("mine")));
        assertThat(others).noneMatch(CompletableFuture::isDone);
        firstMayEnd.countDown();
        assertThat(first.get().modRevision()).isEqualTo(57);
        for (CompletableFuture<?> other : others) {
            assertThat(other.get()).isEqualTo(new PutResult(false, 2, 1, 57));
        }
        assertThat(server.seen()).extracting(Seen::method).containsExactly("PUT", "POST");
        assertThat(server.seen().get(1).target()).isEqualTo("/v1/batch");
        assertThat(server.seen().get(1).body())
                .isEqualTo(
                        "{\"operations\":["
                                + "{\"op\":\"put\",\"key\":\"k/1\",\"value\":\"say \\\"hi\\\"\\u000a\\\\ ü\"},"
                                + "{\"op\":\"put\",\"key\":\"k2\",\"value\":\"Yf8A\",\"encoding\":\"base64\"},"
                                + "{\"op\":\"put\",\"key\":\"k3\",\"value\":\"\",\"ifNoneMatch\":\"*\"},"
                                + "{\"op\":\"put\",\"key\":\"k4\",\"value\":\"v\",\"ifMatch\":\"*\"},"
                                + "{\"op\":\"put\",\"key\":\"k5\",\"value\":\"v\",\"ifMatch\":7,\"idempotencyKey\":\"mine\"}]}");
    }

    @Test
    void oneCallAtATimeGoesByItself() throws Exception {
        FakeServer server =
                server(request -> request.method().equals("GET") ? Answer.found("k", "v", 57) : Answer.written(57));
        BalsaClient client = client(server.url());
        for (int i = 0; i < 20; i++) {
            client.put("k", "v");
            client.putAsync("k", "v").get();
            client.get("k");
        }
        assertThat(server.seen()).hasSize(60).noneMatch(seen -> seen.method().equals("POST"));
    }

    @Test
    void everyCallGetsItsOwnResultOrError() throws Exception {
        FakeServer server = holdingTheFirst(request -> Answer.json(
                200,
                "{\"future\":[1,{\"a\":2}],\"results\":["
                        + "{\"deleted\":1,\"revision\":58,\"status\":200},"
                        + result(412, "precondition_failed", "not_applied", false) + ","
                        + " {\"status\":200,\"deleted\":0,\"revision\":58} ,"
                        + result(413, "too_large", "not_applied", false) + ","
                        + result(504, "commit_timeout", "unknown", true) + ","
                        + "{\"x\":{\"status\":500},\"status\":200,\"deleted\":1,\"revision\":58}]}"));
        BalsaClient client = client(server.url());
        keepBusy(client.putAsync("k", "v"));
        var one = client.deleteAsync("k1");
        var two = client.deleteIfAsync("k2", 3);
        var three = client.deleteAsync("k3");
        var four = client.putAsync("k4", "v");
        var five = client.putAsync("k5", "v");
        var six = client.deleteAsync("k6");
        firstMayEnd.countDown();
        assertThat(one.get()).isTrue();
        assertThat(failure(PreconditionFailedException.class, two).modRevision())
                .isEqualTo(57);
        assertThat(three.get()).isFalse();
        assertThat(failure(NotAppliedException.class, four).code()).isEqualTo("too_large");
        assertThat(failure(UnknownOutcomeException.class, five).code()).isEqualTo("commit_timeout");
        assertThat(six.get()).isTrue();
        assertThat(server.seen()).hasSize(2);
    }

    @Test
    void readsFindTheirValuesAndAbsenceIsAnAnswer() throws Exception {
        FakeServer server = holdingTheFirst(request -> Answer.json(
                200,
                "{\"results\":[" + result(404, "key_not_found", "not_applied", false)
                        + ",{\"status\":200,\"key\":\"k2\",\"value\":\"Yf8A\",\"encoding\":\"base64\",\"version\":1,"
                        + "\"createRevision\":1,\"modRevision\":57}]}"));
        BalsaClient client = client(server.url());
        keepBusy(client.getAsync("k"));
        CompletableFuture<Optional<KeyValue>> absent = client.getAsync("k1");
        CompletableFuture<Optional<KeyValue>> present = client.getAsync("k2");
        firstMayEnd.countDown();
        assertThat(absent.get()).isEmpty();
        assertThat(present.get().orElseThrow().valueBytes()).isEqualTo(new byte[] {'a', (byte) 0xff, 0});
    }

    @Test
    void writesReadsAndStaleReadsDoNotWaitForEachOther() throws Exception {
        FakeServer server = holdingTheFirst(
                request -> request.method().equals("GET") ? Answer.found("k", "v", 57) : allWritten(request));
        BalsaClient client = client(server.url());
        CompletableFuture<?> slow = client.getAsync("slow");
        firstIsThere.await();
        CompletableFuture<?> behind = client.getAsync("k");
        client.putAsync("k", "v").get();
        client.getAsync("k", CallOption.consistency(Consistency.STALE)).get();
        assertThat(slow).isNotDone();
        assertThat(behind).isNotDone();
    }

    @Test
    void batchesStayWithinTheLimits() throws Exception {
        FakeServer server = holdingTheFirst(BatchTest::allWritten);
        BalsaClient client = client(server.url());
        List<CompletableFuture<?>> calls = new ArrayList<>();
        calls.add(client.putAsync("k", "v"));
        firstIsThere.await();
        for (int i = 0; i < 2 * BatchLane.OPERATIONS_MAX; i++) {
            calls.add(client.putAsync("k" + i, "v"));
        }
        byte[] large = new byte[BatchLane.BYTES_MAX / 4];
        for (int i = 0; i < 6; i++) {
            calls.add(client.putAsync(Key.of("large" + i), large));
        }
        calls.add(client.putAsync(Key.of("largest"), new byte[BatchLane.BYTES_MAX]));
        firstMayEnd.countDown();
        for (CompletableFuture<?> call : calls) {
            call.get();
        }
        List<Seen> seen = server.seen();
        assertThat(seen).extracting(Seen::method).containsExactly("PUT", "POST", "POST", "POST", "POST", "POST", "PUT");
        assertThat(seen.subList(1, 6)).allSatisfy(batch -> {
            assertThat(operations(batch)).isLessThanOrEqualTo(BatchLane.OPERATIONS_MAX);
            assertThat(batch.body().length()).isLessThanOrEqualTo(BatchLane.BYTES_MAX);
        });
        assertThat(seen.subList(1, 6).stream().mapToInt(BatchTest::operations).sum())
                .isEqualTo(2 * BatchLane.OPERATIONS_MAX + 6);
    }

    @Test
    void deadlineOfOneCallEndsThatCallOnly() throws Exception {
        CountDownLatch batchMayEnd = new CountDownLatch(1);
        CountDownLatch batchIsThere = new CountDownLatch(1);
        FakeServer server = holdingTheFirst(request -> {
            batchIsThere.countDown();
            batchMayEnd.await();
            return allWritten(request);
        });
        BalsaClient client = client(server.url());
        keepBusy(client.putAsync("k", "v"));
        var never = client.putAsync("never", "v", CallOption.deadline(Duration.ofMillis(100)));
        // It has not left, so it is certain that it will not.
        assertThat(failure(NotAppliedException.class, never).code()).isEqualTo("deadline");
        var impatient = client.putAsync("impatient", "v", CallOption.deadline(Duration.ofSeconds(2)));
        var patient = client.putAsync("patient", "v", CallOption.deadline(Duration.ofSeconds(20)));
        firstMayEnd.countDown();
        batchIsThere.await();
        assertThat(failure(UnknownOutcomeException.class, impatient).code()).isEqualTo("deadline");
        assertThat(patient).isNotDone();
        batchMayEnd.countDown();
        assertThat(patient.get().modRevision()).isEqualTo(57);
        assertThat(server.seen()).hasSize(2);
        assertThat(server.seen().get(1).target()).isEqualTo("/v1/batch?timeout=20000ms");
        assertThat(server.seen().get(1).body()).doesNotContain("never");
    }

    @Test
    void requestThatHangsDoesNotHoldUpOthersForLong() throws Exception {
        CountDownLatch unhang = new CountDownLatch(1);
        CountDownLatch bothAreThere = new CountDownLatch(2);
        FakeServer server = server(request -> {
            if (bothAreThere.getCount() > 0) {
                firstIsThere.countDown();
                bothAreThere.countDown();
                unhang.await();
            }
            return allWritten(request);
        });
        BalsaClient client = client(server.url());
        CallOption patient = CallOption.deadline(Duration.ofSeconds(25));
        CompletableFuture<PutResult> alone = client.putAsync("k", "v", patient);
        keepBusy(alone);
        List<CompletableFuture<PutResult>> together =
                List.of(client.putAsync("k1", "v", patient), client.putAsync("k2", "v", patient));
        bothAreThere.await();
        assertThat(client.put("k3", "v", patient).modRevision()).isEqualTo(57);
        assertThat(alone).isNotDone();
        assertThat(together).noneMatch(CompletableFuture::isDone);
        unhang.countDown();
    }

    @Test
    void batchThatEverybodyGaveUpDoesNotHoldUpTheNext() throws Exception {
        CountDownLatch hung = new CountDownLatch(1);
        AtomicBoolean hangs = new AtomicBoolean(true);
        FakeServer server = holdingTheFirst(request -> {
            if (hangs.getAndSet(false)) {
                hung.await();
            }
            return allWritten(request);
        });
        BalsaClient client = client(server.url());
        keepBusy(client.putAsync("k", "v"));
        CallOption soon = CallOption.deadline(Duration.ofSeconds(2));
        var one = client.putAsync("k1", "v", soon);
        var two = client.putAsync("k2", "v", soon);
        firstMayEnd.countDown();
        failure(UnknownOutcomeException.class, one);
        failure(UnknownOutcomeException.class, two);
        assertThat(client.put("k3", "v").modRevision()).isEqualTo(57);
        hung.countDown();
    }

    @Test
    void lostConnectionLeavesWritesUnknownAndRepeatsWhatIsSafe() throws Exception {
        AtomicInteger batches = new AtomicInteger();
        FakeServer server =
                holdingTheFirst(request -> batches.getAndIncrement() == 0 ? Answer.drop() : allWritten(request));
        BalsaClient client = client(server.url());
        keepBusy(client.putAsync("k", "v"));
        var plain = client.putAsync("plain", "v");
        var safe = client.putAsync("safe", "v", CallOption.idempotencyKey("once"));
        firstMayEnd.countDown();
        assertThat(failure(UnknownOutcomeException.class, plain).code()).isEqualTo("no_answer");
        assertThat(safe.get().modRevision()).isEqualTo(57);
        assertThat(server.seen()).hasSize(3);
        assertThat(server.seen().get(2).header("Idempotency-Key")).isEqualTo("once");
    }

    @Test
    void refusalOfTheWholeIsARefusalOfEach() throws Exception {
        AtomicInteger batches = new AtomicInteger();
        FakeServer server = holdingTheFirst(request -> batches.getAndIncrement() == 0
                ? Answer.problem(503, "no_leader", "not_applied", true)
                : allWritten(request));
        BalsaClient client = client(server.url());
        keepBusy(client.putAsync("k", "v"));
        var one = client.putAsync("k1", "v");
        var two = client.putAsync("k2", "v");
        firstMayEnd.countDown();
        assertThat(one.get().modRevision()).isEqualTo(57);
        assertThat(two.get().modRevision()).isEqualTo(57);
    }

    @Test
    void answerThatCannotBeReadLeavesWritesUnknown() throws Exception {
        for (String body : List.of(
                "{\"results\":[" + WRITTEN + "]}",
                "{\"results\":[" + WRITTEN + "," + WRITTEN + "," + WRITTEN + "]}",
                "{\"results\":[" + WRITTEN + ",",
                "{\"results\":{}}",
                WRITTEN,
                "<html>")) {
            CountDownLatch mayEnd = new CountDownLatch(1);
            CountDownLatch isThere = new CountDownLatch(1);
            FakeServer server = holdingTheFirst(isThere, mayEnd, request -> Answer.json(200, body));
            BalsaClient client = client(server.url());
            keepBusy(client.putAsync("k", "v"), isThere);
            var one = client.putAsync("k1", "v");
            var two = client.putAsync("k2", "v");
            mayEnd.countDown();
            assertThat(failure(UnknownOutcomeException.class, one).code())
                    .as(body)
                    .isEqualTo("bad_answer");
            assertThat(failure(UnknownOutcomeException.class, two).code())
                    .as(body)
                    .isEqualTo("bad_answer");
        }
    }

    @Test
    void redirectedBatchGoesToTheLeader() throws Exception {
        FakeServer leader = server(BatchTest::allWritten);
        FakeServer follower = holdingTheFirst(request -> Answer.redirect(leader.url() + request.target()));
        BalsaClient client = client(follower.url());
        keepBusy(client.putAsync("k", "v"));
        List<CompletableFuture<PutResult>> calls = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            calls.add(client.putAsync("k" + i, "v"));
        }
        firstMayEnd.countDown();
        for (CompletableFuture<PutResult> call : calls) {
            assertThat(call.get().modRevision()).isEqualTo(57);
        }
        assertThat(follower.seen()).hasSize(2);
        assertThat(leader.seen()).hasSizeBetween(2, 10);
        assertThat(leader.seen().stream().mapToInt(BatchTest::operations).sum()).isEqualTo(50);
    }

    @Test
    void resultThatPointsElsewhereIsFollowed() throws Exception {
        FakeServer leader = server(BatchTest::allWritten);
        FakeServer old = holdingTheFirst(request -> Answer.json(
                200,
                "{\"results\":[" + WRITTEN + ",{\"status\":307,\"type\":\"x\",\"title\":\"x\",\"detail\":\"x\","
                        + "\"code\":\"not_leader\",\"retryable\":true,\"outcome\":\"not_applied\",\"location\":\""
                        + leader.url() + "/v1/batch\"}]}"));
        BalsaClient client = client(old.url());
        keepBusy(client.putAsync("k", "v"));
        var here = client.putAsync("k1", "v");
        var there = client.putAsync("k2", "v");
        firstMayEnd.countDown();
        here.get();
        there.get();
        assertThat(leader.seen()).extracting(Seen::target).containsExactly("/v1/kv/k2");
    }

    @Test
    void serverThatDoesNotKnowBatchesGetsEachCallByItself() throws Exception {
        FakeServer server = holdingTheFirst(request -> request.method().equals("POST")
                ? Answer.problem(404, "not_found", "not_applied", false)
                : Answer.written(57));
        BalsaClient client = client(server.url());
        keepBusy(client.putAsync("k", "v"));
        List<CompletableFuture<PutResult>> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            calls.add(client.putAsync("k" + i, "v"));
        }
        firstMayEnd.countDown();
        for (CompletableFuture<PutResult> call : calls) {
            assertThat(call.get().modRevision()).isEqualTo(57);
        }
        for (int i = 0; i < 20; i++) {
            calls.add(client.putAsync("k" + i, "v"));
        }
        for (CompletableFuture<PutResult> call : calls) {
            call.get();
        }
        assertThat(server.seen())
                .hasSize(42)
                .filteredOn(seen -> seen.method().equals("POST"))
                .hasSize(1);
    }

    @Test
    void readsForWhichTheAnswerHadNoRoomAreAskedAgainAtOnce() throws Exception {
        String found = "{\"status\":200,\"key\":\"k\",\"value\":\"v\",\"encoding\":\"utf8\",\"version\":1,"
                + "\"createRevision\":1,\"modRevision\":57}";
        String full = result(503, "batch_full", "not_applied", true);
        AtomicInteger batches = new AtomicInteger();
        FakeServer server = holdingTheFirst(request -> request.method().equals("GET")
                ? Answer.found("k", "v", 57)
                : Answer.json(
                        200,
                        batches.getAndIncrement() == 0
                                ? "{\"results\":[" + found + "," + full + "," + full + "," + found + "]}"
                                : "{\"results\":[" + found + "," + found + "]}"));
        BalsaClient client = client(server.url());
        keepBusy(client.getAsync("k"));
        List<CompletableFuture<Optional<KeyValue>>> reads = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            reads.add(client.getAsync("k" + i));
        }
        firstMayEnd.countDown();
        for (CompletableFuture<Optional<KeyValue>> read : reads) {
            assertThat(read.get()).isPresent();
        }
        assertThat(server.seen()).hasSize(3);
        assertThat(server.seen().get(2).body())
                .isEqualTo("{\"operations\":[{\"op\":\"get\",\"key\":\"k2\"},{\"op\":\"get\",\"key\":\"k3\"}]}");
    }

    @Test
    void callersCodeThatBlocksHoldsUpNobodyElse() throws Exception {
        FakeServer server = holdingTheFirst(BatchTest::allWritten);
        BalsaClient client = client(server.url());
        keepBusy(client.putAsync("k", "v"));
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch unblock = new CountDownLatch(1);
        var unused = client.putAsync("k1", "v").thenAccept(result -> {
            blocked.countDown();
            awaitQuietly(unblock);
        });
        var behind = client.putAsync("k2", "v");
        firstMayEnd.countDown();
        blocked.await();
        assertThat(client.put("k3", "v").modRevision()).isEqualTo(57);
        unblock.countDown();
        assertThat(behind.get().modRevision()).isEqualTo(57);
    }

    @Test
    void keyThatTheServersRefuseSpoilsNoBatch() throws Exception {
        FakeServer server = holdingTheFirst(BatchTest::allWritten);
        BalsaClient client = client(server.url());
        keepBusy(client.putAsync("k", "v"));
        client.putAsync(Key.of(new byte[] {(byte) 0xff}), new byte[0]).get();
        assertThat(server.seen().get(1).target()).isEqualTo("/v1/kv/%FF");
    }

    @Test
    void batchingCanBeTurnedOff() throws Exception {
        FakeServer server = holdingTheFirst(request -> Answer.written(57));
        BalsaClient client =
                BalsaClient.builder().endpoints(server.url()).batching(false).build();
        opened.add(0, client);
        CompletableFuture<PutResult> first = client.putAsync("k", "v");
        keepBusy(first);
        for (CompletableFuture<?> other : List.of(client.putAsync("k1", "v"), client.putAsync("k2", "v"))) {
            other.get();
        }
        assertThat(first).isNotDone();
        assertThat(server.seen()).extracting(Seen::method).containsOnly("PUT");
    }

    @Test
    void closedClientEndsWhatWaits() throws Exception {
        FakeServer server = holdingTheFirst(BatchTest::allWritten);
        BalsaClient client = client(server.url());
        var sent = client.putAsync("k", "v");
        firstIsThere.await();
        List<CompletableFuture<PutResult>> waiting = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            waiting.add(client.putAsync("k" + i, "v"));
        }
        client.close();
        failure(UnknownOutcomeException.class, sent);
        for (CompletableFuture<PutResult> call : waiting) {
            failure(NotAppliedException.class, call);
        }
    }

    /** The call's request has come, and is not answered. */
    private void keepBusy(CompletableFuture<?> call) throws InterruptedException {
        keepBusy(call, firstIsThere);
    }

    private static void keepBusy(CompletableFuture<?> call, CountDownLatch isThere) throws InterruptedException {
        isThere.await();
        assertThat(call).isNotDone();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static <E extends Throwable> E failure(Class<E> type, CompletableFuture<?> call) {
        var wrapped = catchThrowableOfType(CompletionException.class, call::join);
        assertThat(wrapped).isNotNull();
        assertThat(wrapped.getCause()).isExactlyInstanceOf(type);
        return Objects.requireNonNull(type.cast(wrapped.getCause()));
    }

    private static String result(int status, String code, String outcome, boolean retryable) {
        return Answer.problem(status, code, outcome, retryable).body();
    }

    private static Answer allWritten(Seen request) {
        return request.method().equals("POST")
                ? Answer.json(
                        200,
                        "{\"results\":[" + String.join(",", Collections.nCopies(operations(request), WRITTEN)) + "]}")
                : Answer.written(57);
    }

    private static int operations(Seen request) {
        return request.method().equals("POST") ? request.body().split("\"op\":", -1).length - 1 : 1;
    }

    /** Its first answer comes once {@link #firstMayEnd}; then come those of {@code next}. */
    private FakeServer holdingTheFirst(FakeServer.Script next) throws Exception {
        return holdingTheFirst(firstIsThere, firstMayEnd, next);
    }

    private FakeServer holdingTheFirst(CountDownLatch isThere, CountDownLatch mayEnd, FakeServer.Script next)
            throws Exception {
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

    private FakeServer server(FakeServer.Script script) throws Exception {
        FakeServer server = new FakeServer(script);
        opened.add(server);
        return server;
    }

    private BalsaClient client(String... urls) {
        BalsaClient client = BalsaClient.connect(urls);
        opened.add(0, client);
        return client;
    }
}

package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.client.FakeServer.Answer;
import io.balsa.client.FakeServer.Seen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which calls go together, and that none waits for another longer than it must. */
@Timeout(30)
final class BatchTest extends BatchFixture {
    @Test
    void callsThatStartWhileOneIsUnderWayGoTogetherInTheirOrder() throws Exception {
        FakeServer server = holdingTheFirst(BatchFixture::allWritten);
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
        FakeServer server = holdingTheFirst(BatchFixture::allWritten);
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
        assertThat(seen.subList(1, 6).stream()
                        .mapToInt(BatchFixture::operations)
                        .sum())
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
    void callersCodeThatBlocksHoldsUpNobodyElse() throws Exception {
        FakeServer server = holdingTheFirst(BatchFixture::allWritten);
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
        FakeServer server = holdingTheFirst(BatchFixture::allWritten);
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
        FakeServer server = holdingTheFirst(BatchFixture::allWritten);
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
}

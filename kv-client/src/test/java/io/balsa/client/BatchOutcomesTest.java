package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.client.FakeServer.Answer;
import io.balsa.client.FakeServer.Seen;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That each call of a batch ends as it would have alone, whatever becomes of the batch. */
@Timeout(30)
final class BatchOutcomesTest extends BatchFixture {
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
        FakeServer leader = server(BatchFixture::allWritten);
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
        assertThat(leader.seen().stream().mapToInt(BatchFixture::operations).sum())
                .isEqualTo(50);
    }

    @Test
    void resultThatPointsElsewhereIsFollowed() throws Exception {
        FakeServer leader = server(BatchFixture::allWritten);
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
}

package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.balsa.http.TestServer.Answer;
import io.balsa.node.Refusal;
import io.balsa.node.Uncertainty;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code /v1/batch} promises; each answer is also held against the OpenAPI document. */
class BatchContractTest {
    @RegisterExtension
    private static final TestServer server = new TestServer();

    @Test
    void everyOutcomeComesInTheOrderOfTheOperations() {
        long revision =
                server.put("/v1/kv/b/old", "1").json().path("modRevision").asLong();
        List<JsonNode> results = results(
                "{'op':'put','key':'b/new','value':'x'}",
                "{'op':'put','key':'b/old','value':'2','ifMatch':" + revision + "}",
                "{'op':'put','key':'b/old','value':'3','ifMatch':" + revision + "}",
                "{'op':'put','key':'b/old','value':'4','ifNoneMatch':'*'}",
                "{'op':'put','key':'b/none','value':'5','ifMatch':'*'}",
                "{'op':'get','key':'b/old'}",
                "{'op':'get','key':'b/none'}",
                "{'op':'get','key':'b/old','ifMatch':" + revision + "}",
                "{'op':'get','key':'b/old','ifNoneMatch':'*'}",
                "{'op':'get','key':'b/old','ifNoneMatch':" + revision + "}",
                "{'op':'delete','key':'b/new','ifMatch':" + revision + "}",
                "{'op':'delete','key':'b/new'}",
                "{'op':'delete','key':'b/new'}");
        assertThat(results)
                .extracting(result -> result.path("status").asInt())
                .containsExactly(201, 200, 412, 412, 412, 200, 404, 412, 304, 200, 412, 200, 200);
        assertThat(results.get(0).path("key").asText()).isEqualTo("b/new");
        assertThat(results.get(1).path("version").asInt()).isEqualTo(2);
        long now = results.get(1).path("modRevision").asLong();
        assertThat(results.get(2).path("code").asText()).isEqualTo("precondition_failed");
        assertThat(results.get(2).path("outcome").asText()).isEqualTo("not_applied");
        assertThat(results.get(2).path("modRevision").asLong()).isEqualTo(now);
        assertThat(results.get(5).path("value").asText()).isEqualTo("2");
        assertThat(results.get(6).path("code").asText()).isEqualTo("key_not_found");
        assertThat(results.get(11).path("deleted").asInt()).isEqualTo(1);
        assertThat(results.get(12).path("deleted").asInt()).isZero();
    }

    @Test
    void theAnswerSaysHowNewItIs() {
        Answer write = batch("{'op':'put','key':'b/head','value':'x'}", "{'op':'put','key':'b/head','value':'y'}");
        assertThat(write.header("kv-revision"))
                .isEqualTo(write.json().at("/results/1/modRevision").asText());
        assertThat(write.header("raft-consistency")).isEmpty();
        assertThat(write.header("raft-leader")).isEqualTo("n1");
        Answer read = send("/v1/batch?consistency=stale&timeout=2s", "{'op':'get','key':'b/head'}");
        assertThat(read.header("raft-consistency")).isEqualTo("stale");
        assertThat(batch().json().path("results")).isEmpty();
    }

    @Test
    void operationsOnOneKeyTakePlaceInTheirOrder() {
        List<JsonNode> results = results(
                "{'op':'put','key':'b/same','value':'1'}",
                "{'op':'delete','key':'b/same'}",
                "{'op':'put','key':'b/same','value':'2','ifNoneMatch':'*'}",
                "{'op':'put','key':'b/same','value':'3'}");
        assertThat(results).extracting(result -> result.path("status").asInt()).containsExactly(201, 200, 201, 200);
        assertThat(server.get("/v1/kv/b/same").json().path("value").asText()).isEqualTo("3");
    }

    @Test
    void valuesAreTextOrBase64() {
        List<JsonNode> results = results(
                "{'op':'put','key':'b/text','value':'l\\n\\u00fc 🛶','encoding':'utf8'}",
                "{'encoding':'base64','op':'put','key':'b/bytes','value':'Yf8A'}",
                "{'value':'','key':'b/empty','op':'put'}",
                "{'op':'get','key':'b/text'}",
                "{'op':'get','key':'b/bytes'}",
                "{'op':'get','key':'b/empty'}");
        assertThat(results.get(3).path("value").asText()).isEqualTo("l\nü 🛶");
        assertThat(results.get(4).path("value").asText()).isEqualTo("Yf8A");
        assertThat(results.get(4).path("encoding").asText()).isEqualTo("base64");
        assertThat(results.get(5).path("value").asText("absent")).isEmpty();
        assertThat(server.get("/v1/kv/b/bytes?raw").body()).isEqualTo(new byte[] {'a', (byte) 0xff, 0});
    }

    @Test
    void whatOneOperationMayNotHaveIsItsOwnError() {
        String long_ = "k".repeat(481);
        String huge = "v".repeat((1 << 20) + 1);
        long before = server.node.writes();
        List<JsonNode> results = results(
                "{'op':'put','key':'" + long_ + "','value':'x'}",
                "{'op':'put','key':'','value':'x'}",
                "{'op':'put','key':'b/own','value':'" + huge + "'}",
                "{'op':'put','key':'b/own','value':'a?','encoding':'base64'}",
                "{'op':'put','key':'b/own\\ud83d','value':'x'}",
                "{'op':'put','key':'b/own','value':'\\udef6'}",
                "{'op':'put','key':'b/own','value':'x','ifMatch':0}",
                "{'op':'put','key':'b/own','value':'x','ifMatch':1,'ifNoneMatch':'*'}",
                "{'op':'put','key':'b/own','value':'x','ifNoneMatch':7}",
                "{'op':'put','key':'b/own','value':'x','idempotencyKey':'" + "i".repeat(129) + "'}",
                "{'op':'delete','key':'b/own','idempotencyKey':''}",
                "{'op':'get','key':'" + long_ + "'}",
                "{'op':'put','key':'b/own','value':'good'}");
        assertThat(results)
                .extracting(result -> result.path("status").asInt())
                .containsExactly(413, 400, 413, 400, 400, 400, 400, 400, 400, 400, 400, 413, 201);
        assertThat(results.subList(0, 12)).allSatisfy(result -> {
            assertThat(result.path("outcome").asText()).isEqualTo("not_applied");
            assertThat(result.path("retryable").asBoolean()).isFalse();
        });
        assertThat(results.get(0).path("limit").asInt()).isEqualTo(480);
        assertThat(results.get(0).path("actual").asInt()).isEqualTo(481);
        assertThat(server.node.writes()).isEqualTo(before + 1);
        assertThat(server.get("/v1/kv/b/own").json().path("value").asText()).isEqualTo("good");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{}",
                "{'operations':{}}",
                "{'operations':null}",
                "{'operations':[]}{}",
                "{'operations':[],'operations':[]}",
                "{'operations':[],'atomic':true}",
                "{'operations':[7]}",
                "{'operations':[{}]}",
                "{'operations':[{'op':'get'}]}",
                "{'operations':[{'key':'m'}]}",
                "{'operations':[{'op':'put','key':'m'}]}",
                "{'operations':[{'op':'fetch','key':'m'}]}",
                "{'operations':[{'op':'get','key':7}]}",
                "{'operations':[{'op':'get','key':null}]}",
                "{'operations':[{'op':'get','key':'m','value':'x'}]}",
                "{'operations':[{'op':'delete','key':'m','ifNoneMatch':'*'}]}",
                "{'operations':[{'op':'put','key':'m','value':'x','prev':true}]}",
                "{'operations':[{'op':'put','key':'m','key':'n','value':'x'}]}",
                "{'operations':[{'op':'put','key':'m','value':'x','encoding':'hex'}]}",
                "{'operations':[{'op':'put','key':'m','value':{'a':1}}]}",
                "{'operations':[{'op':'put','key':'m','value':'x','ifMatch':'57'}]}",
                "{'operations':[{'op':'put','key':'m','value':'x','ifMatch':1.5}]}",
                "{'operations':[{'op':'put','key':'m','value':'x','ifMatch':99999999999999999999}]}",
                "{'operations':[{'op':'put','key':'m','value':'x'},{'op':'put','key':'m','value':'y'}",
                "{'operations':[{'op':'put','key':'m','value':'x'},{'op':'put','key':'m','value':\u0001}]}"
            })
    void whatIsNotABatchIsRefusedWhole(String body) {
        long before = server.node.writes();
        Answer answer = server.send("POST", "/v1/batch", utf8(body.replace('\'', '"')));
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.code()).isEqualTo("bad_request");
        assertThat(answer.json().path("outcome").asText()).isEqualTo("not_applied");
        assertThat(answer.json().path("detail").asText()).isNotEmpty().doesNotContain("Exception");
        assertThat(server.node.writes()).isEqualTo(before);
    }

    @Test
    void theDetailNamesTheOperationThatIsWrong() {
        Answer answer = batch("{'op':'get','key':'a'}", "{'op':'get','key':'a','ttl':1}");
        assertThat(answer.json().path("detail").asText())
                .contains("operations[1]")
                .contains("'ttl'");
    }

    @Test
    void theLimitsRefuseTheWholeBatch() {
        JsonNode limits = server.get("/v1/limits").json();
        int operationsMax = limits.path("batchOperations").asInt();
        int bytesMax = limits.path("batchBytes").asInt();
        long before = server.node.writes();
        String put = "{'op':'put','key':'b/limit','value':'x'}";
        Answer many = batch(Collections.nCopies(operationsMax + 1, put).toArray(String[]::new));
        assertThat(many.status()).isEqualTo(413);
        assertThat(many.code()).isEqualTo("too_large");
        assertThat(many.json().path("limit").asInt()).isEqualTo(operationsMax);
        assertThat(many.json().path("outcome").asText()).isEqualTo("not_applied");
        byte[] exact = padded(put, bytesMax);
        assertThat(server.send("POST", "/v1/batch", Arrays.copyOf(exact, bytesMax + 1))
                        .json()
                        .path("limit")
                        .asInt())
                .isEqualTo(bytesMax);
        assertThat(server.node.writes()).isEqualTo(before);
        assertThat(server.send("POST", "/v1/batch", exact).status()).isEqualTo(200);
        assertThat(results(Collections.nCopies(operationsMax, put).toArray(String[]::new)))
                .hasSize(operationsMax)
                .allSatisfy(result -> assertThat(result.path("status").asInt()).isEqualTo(200));
        assertThat(server.node.writes()).isEqualTo(before + 1 + operationsMax);
    }

    private static byte[] padded(String put, int length) {
        byte[] json = utf8(body(put));
        byte[] padded = new byte[length];
        Arrays.fill(padded, (byte) ' ');
        System.arraycopy(json, 0, padded, 0, json.length);
        return padded;
    }

    @Test
    void readsThatWouldMakeTheAnswerTooLongAreToBeAskedForAgain() {
        server.send("PUT", "/v1/kv/b/big", new byte[900 << 10]);
        String get = "{'op':'get','key':'b/big'}";
        List<JsonNode> results = results(get, "{'op':'get','key':'b/missing'}", get, get, get);
        assertThat(results)
                .extracting(result -> result.path("status").asInt())
                .containsExactly(200, 404, 200, 503, 503);
        assertThat(results.get(3).path("code").asText()).isEqualTo("batch_full");
        assertThat(results.get(3).path("retryable").asBoolean()).isTrue();
    }

    @Test
    void headersOfASingleWriteAreRefused() {
        for (String header : List.of("If-Match", "If-None-Match", "Idempotency-Key")) {
            Answer answer = server.send("POST", "/v1/batch", utf8("{\"operations\":[]}"), header, "*");
            assertThat(answer.status()).as(header).isEqualTo(400);
        }
        assertThat(server.send("POST", "/v1/batch?prev", utf8("{\"operations\":[]}"))
                        .status())
                .isEqualTo(400);
    }

    @Test
    void aBatchThatIsSentAgainIsNotAppliedAgain() {
        String[] batch = IntStream.range(0, 50)
                .mapToObj(i -> "{'op':'put','key':'b/once/" + i % 10 + "','value':'" + i + "','idempotencyKey':'once-"
                        + i + "'}")
                .toArray(String[]::new);
        List<JsonNode> first = results(batch);
        assertThat(results(batch)).isEqualTo(first);
        assertThat(server.get("/v1/kv/b/once/3").json().path("version").asInt()).isEqualTo(5);
        // By the single route, too: the batch's write is the same write.
        Answer single = server.put("/v1/kv/b/once/3", "3", "Idempotency-Key", "once-3");
        assertThat(single.json().path("modRevision")).isEqualTo(first.get(3).path("modRevision"));
        JsonNode other = results("{'op':'put','key':'b/once/3','value':'?','idempotencyKey':'once-3'}")
                .get(0);
        assertThat(other.path("code").asText()).isEqualTo("idempotency_key_reused");
    }

    @Test
    void aFollowerSendsABatchWithAnyWriteToTheLeaderAndServesReads() {
        server.put("/v1/kv/b/f", "x");
        server.node.refuse(Refusal.NOT_LEADER, InProcessNode.OTHER);
        Answer elsewhere =
                send("/v1/batch?timeout=2s", "{'op':'get','key':'b/f'}", "{'op':'put','key':'b/f','value':'y'}");
        assertThat(elsewhere.status()).isEqualTo(307);
        assertThat(elsewhere.header("location")).isEqualTo(TestServer.OTHER_URL + "/v1/batch?timeout=2s");
        assertThat(elsewhere.json().path("outcome").asText()).isEqualTo("not_applied");
        Answer stale = send("/v1/batch?consistency=stale", "{'op':'get','key':'b/f'}");
        assertThat(stale.json().at("/results/0/value").asText()).isEqualTo("x");
    }

    @Test
    void whatTheNodeDoesNotServeIsSaidOfEachOperation() {
        String put = "{'op':'put','key':'b/n','value':'x'}";
        String get = "{'op':'get','key':'b/n'}";
        server.node.refuse(Refusal.NO_LEADER, null);
        JsonNode refused = results(get, put).get(1);
        assertThat(refused.path("code").asText()).isEqualTo("no_leader");
        assertThat(refused.path("outcome").asText()).isEqualTo("not_applied");
        assertThat(refused.path("retryAfter").asInt()).isEqualTo(1);
        server.node.refuse(Refusal.NOT_LEADER, InProcessNode.OTHER);
        JsonNode elsewhere = results(get).get(0);
        assertThat(elsewhere.path("status").asInt()).isEqualTo(307);
        assertThat(elsewhere.path("location").asText()).isEqualTo(TestServer.OTHER_URL + "/v1/batch");
        server.otherUrl = null;
        assertThat(results(put).get(0).path("code").asText()).isEqualTo("no_leader");
        server.node.heal();
        server.node.loseOutcomes(Uncertainty.COMMIT_TIMEOUT);
        List<JsonNode> unknown = results(
                put,
                "{'op':'put','key':'b/n','value':'x','idempotencyKey':'b-n'}",
                "{'op':'put','key':'b/n','value':'x','ifMatch':1}",
                "{'op':'delete','key':'b/n'}");
        assertThat(unknown).allSatisfy(result -> {
            assertThat(result.path("status").asInt()).isEqualTo(504);
            assertThat(result.path("outcome").asText()).isEqualTo("unknown");
        });
        assertThat(unknown)
                .extracting(result -> result.path("retryable").asBoolean())
                .containsExactly(false, true, true, false);
    }

    @Test
    void aBugIsA500WithEveryWriteUnknown() {
        server.node.breakDown();
        Answer answer = batch("{'op':'put','key':'b/bug','value':'x'}");
        assertThat(answer.status()).isEqualTo(500);
        assertThat(answer.json().path("outcome").asText()).isEqualTo("unknown");
    }

    @Test
    void everyOperationCountsAsARequestInFlight() throws Exception {
        try (TestServer small =
                new TestServer(new HttpConfig("127.0.0.1", 0, 100, 5, 1 << 20, 10_000, 10_000, 60_000), 1)) {
            String put = "{'op':'put','key':'a','value':'x'}";
            small.node.hold();
            CompletableFuture<Answer> held =
                    CompletableFuture.supplyAsync(() -> small.send("POST", "/v1/batch", utf8(body(put, put, put))));
            while (small.node.writes() < 3) {
                Thread.onSpinWait();
            }
            Answer busy = small.send("POST", "/v1/batch", utf8(body(put, put, put)));
            assertThat(busy.status()).isEqualTo(429);
            assertThat(busy.json().path("limit").asInt()).isEqualTo(5);
            small.node.release();
            assertThat(held.get().status()).isEqualTo(200);
            for (int i = 0; i < 10; i++) {
                assertThat(small.send("POST", "/v1/batch", utf8(body(put, put, put, put, put)))
                                .status())
                        .isEqualTo(200);
            }
            assertThat(small.node.writes()).isEqualTo(53);
        }
    }

    @Test
    void theMetricsKnowTheRoute() {
        batch("{'op':'get','key':'b/metrics'}");
        assertThat(server.get("/metrics").text()).contains("route=\"/v1/batch\",status=\"200\"");
    }

    private static Answer batch(String... operations) {
        return send("/v1/batch", operations);
    }

    private static Answer send(String target, String... operations) {
        return server.send("POST", target, utf8(body(operations)));
    }

    private static List<JsonNode> results(String... operations) {
        Answer answer = batch(operations);
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        List<JsonNode> results = new ArrayList<>();
        answer.json().path("results").forEach(results::add);
        assertThat(results).hasSize(operations.length);
        return results;
    }

    /** Operations in single quotes, for the eye. */
    private static String body(String... operations) {
        return ("{'operations':[" + String.join(",", operations) + "]}").replace('\'', '"');
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

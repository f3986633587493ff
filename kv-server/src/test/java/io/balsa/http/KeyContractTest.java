package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.balsa.http.TestServer.Answer;
import io.balsa.node.Refusal;
import io.balsa.node.Uncertainty;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the API promises of one key, by way of a real client; each answer is also held against the OpenAPI document. */
class KeyContractTest {
    @RegisterExtension
    private static final TestServer server = new TestServer();

    @Test
    void aPutCreatesWith201AndUpdatesWith200() {
        Answer created = server.put("/v1/kv/put/a", "1");
        assertThat(created.status()).isEqualTo(201);
        assertThat(created.json().path("key").asText()).isEqualTo("put/a");
        assertThat(created.json().path("version").asLong()).isEqualTo(1);
        Answer updated = server.put("/v1/kv/put/a", "2");
        assertThat(updated.status()).isEqualTo(200);
        assertThat(updated.json().path("version").asLong()).isEqualTo(2);
        assertThat(updated.json().path("createRevision").asLong())
                .isEqualTo(created.json().path("modRevision").asLong());
        assertThat(updated.header("etag"))
                .isEqualTo("\"" + updated.json().path("modRevision").asLong() + "\"");
        assertThat(updated.header("kv-revision"))
                .isEqualTo(updated.json().path("modRevision").asText());
        assertThat(updated.header("raft-node")).isEqualTo("n1");
        assertThat(updated.header("raft-leader")).isEqualTo("n1");
        assertThat(updated.header("raft-term")).isEqualTo("7");
    }

    @Test
    void aGetShowsTextAsTextAndOtherBytesAsBase64() {
        server.put("/v1/kv/get/text", "line\n\"quoted\" \\ ü 🛶 \u0001");
        Answer text = server.get("/v1/kv/get/text");
        assertThat(text.json().path("value").asText()).isEqualTo("line\n\"quoted\" \\ ü 🛶 \u0001");
        assertThat(text.json().path("encoding").asText()).isEqualTo("utf8");
        assertThat(text.header("raft-consistency")).isEqualTo("linearizable");
        server.send("PUT", "/v1/kv/get/bytes", new byte[] {'a', (byte) 0xff, 0});
        Answer bytes = server.get("/v1/kv/get/bytes");
        assertThat(bytes.json().path("value").asText()).isEqualTo("Yf8A");
        assertThat(bytes.json().path("encoding").asText()).isEqualTo("base64");
    }

    @Test
    void anEmptyValueIsAValue() {
        assertThat(server.put("/v1/kv/empty", "").status()).isEqualTo(201);
        assertThat(server.get("/v1/kv/empty").json().path("value").asText("absent"))
                .isEmpty();
    }

    @Test
    void theBytesComeWithRawOrByAccept() {
        byte[] value = new byte[300_000];
        new java.util.Random(7).nextBytes(value);
        server.send("PUT", "/v1/kv/raw", value);
        for (Answer answer : List.of(
                server.get("/v1/kv/raw?raw"),
                server.get("/v1/kv/raw?raw=true"),
                server.get("/v1/kv/raw", "Accept", "application/octet-stream"))) {
            assertThat(answer.body()).isEqualTo(value);
            assertThat(answer.header("content-type")).isEqualTo("application/octet-stream");
            assertThat(answer.header("x-content-type-options")).isEqualTo("nosniff");
        }
        assertThat(server.get("/v1/kv/raw?raw=false").json().path("encoding").asText())
                .isEqualTo("base64");
    }

    @Test
    void headIsGetWithoutTheBody() {
        server.put("/v1/kv/head", "12345");
        Answer head = server.send("HEAD", "/v1/kv/head?raw", null);
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.header("content-length")).isEqualTo("5");
        assertThat(head.header("etag")).isNotEmpty();
        assertThat(server.send("HEAD", "/v1/kv/head/none", null).status()).isEqualTo(404);
    }

    @Test
    void theContentTypeOfAPutIsIgnored() {
        String form = "application/x-www-form-urlencoded";
        assertThat(server.put("/v1/kv/type", "a=b&c", "Content-Type", form).status())
                .isEqualTo(201);
        assertThat(server.get("/v1/kv/type?raw").text()).isEqualTo("a=b&c");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/kv/esc%2Fa+b%20c",
                "/v1/kv/esc/a+b%20c",
                "/v1/kv?key=esc/a+b%20c",
                "/v1/kv?key=esc%2fa%2Bb%20c"
            })
    void everySpellingOfAKeyNamesTheSameKey(String target) {
        server.put("/v1/kv/esc%2Fa+b%20c", "here");
        assertThat(server.get(target).json().path("key").asText()).isEqualTo("esc/a+b c");
        assertThat(server.put(target, "there").status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/v1/kv/a%F0%9F%9B%B6", "/v1/kv/%00%01", "/v1/kv/%25", "/v1/kv/a%3Fb%23", "/v1/kv?key=%2E%2E/"})
    void unusualKeysComeBackAsTheyWere(String target) {
        assertThat(server.put(target, "x").status()).isBetween(200, 201);
        assertThat(server.get(target).json().path("value").asText()).isEqualTo("x");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/kv/",
                "/v1/kv?key=",
                "/v1/kv/a?key=b",
                "/v1/kv/%C3",
                "/v1/kv/%ED%A0%80",
                "/v1/kv/%C0%AF",
                "/v1/kv/a?ttl=30s",
                "/v1/kv/a?lease=1",
                "/v1/kv/a?timeout=1",
                "/v1/kv/a?timeout=0s",
                "/v1/kv/a?timeout=61s",
                "/v1/kv/a?timeout=1s&timeout=1s",
                "/v1/kv/a?prev=maybe",
                "/v1/kv/a?prefix=b",
                "/v1/kv/a?prev=%FF"
            })
    void aPutThatIsNotUnderstoodIsNotApplied(String target) {
        long before = server.node.writes();
        Answer answer = server.put(target, "x");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.code()).isEqualTo("bad_request");
        assertThat(answer.json().path("outcome").asText()).isEqualTo("not_applied");
        assertThat(server.node.writes()).isEqualTo(before);
    }

    @Test
    void anUnknownParameterIsRefusedWithTheKnownOnes() {
        assertThat(server.put("/v1/kv/a?ttl=30s", "x").json().path("detail").asText())
                .contains("'ttl' is not known")
                .contains("known are: key, prev, timeout");
        assertThat(server.put("/v1/kv/a", "x", "If-Fence", "lock=7")
                        .json()
                        .path("detail")
                        .asText())
                .contains("If-Fence is not known")
                .contains("If-Match, If-None-Match");
    }

    @Test
    void aKeyHasAtMost480Bytes() {
        assertThat(server.put("/v1/kv/" + "k".repeat(480), "x").status()).isBetween(200, 201);
        Answer tooLong = server.put("/v1/kv/" + "k".repeat(481), "x");
        assertThat(tooLong.status()).isEqualTo(413);
        assertThat(tooLong.json().path("limit").asInt()).isEqualTo(480);
        assertThat(tooLong.json().path("actual").asInt()).isEqualTo(481);
        // It is bytes that count: 240 letters of two bytes, escaped to six.
        assertThat(server.put("/v1/kv/" + "%C3%BC".repeat(240), "x").status()).isBetween(200, 201);
        assertThat(server.put("/v1/kv/" + "%C3%BC".repeat(241), "x").status()).isEqualTo(413);
    }

    @Test
    void aValueHasAtMostOneMebibyte() {
        assertThat(server.send("PUT", "/v1/kv/big", new byte[1 << 20]).status()).isEqualTo(201);
        Answer tooLarge = server.send("PUT", "/v1/kv/big", new byte[(1 << 20) + 1]);
        assertThat(tooLarge.status()).isEqualTo(413);
        assertThat(tooLarge.code()).isEqualTo("too_large");
        assertThat(tooLarge.json().path("limit").asInt()).isEqualTo(1 << 20);
        assertThat(tooLarge.json().path("actual").asInt()).isEqualTo((1 << 20) + 1);
    }

    @Test
    void conditionsCompareAndSetCreateOnlyAndUpdateOnly() {
        assertThat(server.put("/v1/kv/cas", "x", "If-Match", "*").status()).isEqualTo(412);
        Answer created = server.put("/v1/kv/cas", "1", "If-None-Match", "*");
        assertThat(created.status()).isEqualTo(201);
        Answer again = server.put("/v1/kv/cas", "2", "If-None-Match", "*");
        assertThat(again.status()).isEqualTo(412);
        assertThat(again.code()).isEqualTo("precondition_failed");
        assertThat(again.json().path("modRevision").asLong())
                .isEqualTo(created.json().path("modRevision").asLong());
        assertThat(server.put("/v1/kv/cas", "3", "If-Match", created.header("etag"))
                        .status())
                .isEqualTo(200);
        assertThat(server.put("/v1/kv/cas", "4", "If-Match", created.header("etag"))
                        .status())
                .isEqualTo(412);
        assertThat(server.put("/v1/kv/cas", "5", "If-Match", "*").status()).isEqualTo(200);
        assertThat(server.delete("/v1/kv/cas", "If-Match", created.header("etag"))
                        .status())
                .isEqualTo(412);
        assertThat(server.get("/v1/kv/cas").json().path("value").asText()).isEqualTo("5");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "57",
                "\"\"",
                "\"057\"",
                "\"a\"",
                "W/\"57\"",
                "\"1\", \"2\"",
                "\"9999999999999999999\"",
                "\"1",
                ""
            })
    void anIfMatchThatIsNoTagOfOursIsRefused(String tag) {
        assertThat(server.put("/v1/kv/tag", "x", "If-Match", tag).status()).isEqualTo(400);
        assertThat(server.delete("/v1/kv/tag", "If-Match", tag).status()).isEqualTo(400);
        assertThat(server.get("/v1/kv/tag", "If-Match", tag).status()).isEqualTo(400);
    }

    @Test
    void conditionsThatContradictEachOtherOrDoNotFitAreRefused() {
        assertThat(server.put("/v1/kv/c", "x", "If-Match", "*", "If-None-Match", "*")
                        .status())
                .isEqualTo(400);
        assertThat(server.put("/v1/kv/c", "x", "If-None-Match", "\"1\"").status())
                .isEqualTo(400);
        assertThat(server.delete("/v1/kv/c", "If-None-Match", "*").status()).isEqualTo(400);
        assertThat(server.delete("/v1/kv?prefix=c", "If-Match", "*").status()).isEqualTo(400);
        assertThat(server.get("/v1/kv?prefix=c", "If-None-Match", "\"1\"").status())
                .isEqualTo(400);
    }

    @Test
    void aClientThatHasTheCurrentValueGets304() {
        String tag = server.put("/v1/kv/cached", "x").header("etag");
        for (String header : List.of(tag, "*", "W/" + tag, "\"1000000\", " + tag)) {
            Answer answer = server.get("/v1/kv/cached", "If-None-Match", header);
            assertThat(answer.status()).as(header).isEqualTo(304);
            assertThat(answer.header("etag")).isEqualTo(tag);
        }
        assertThat(server.get("/v1/kv/cached", "If-None-Match", "\"1000000\"").status())
                .isEqualTo(200);
        assertThat(server.get("/v1/kv/cached", "If-None-Match", "x").status()).isEqualTo(400);
        assertThat(server.get("/v1/kv/cached", "If-Match", "\"1000000\"").status())
                .isEqualTo(412);
        assertThat(server.get("/v1/kv/cached", "If-Match", tag).status()).isEqualTo(200);
    }

    @Test
    void prevShowsWhatWasThereBefore() {
        assertThat(server.put("/v1/kv/prev?prev=true", "1").json().path("prev").isNull())
                .isTrue();
        JsonNode prev = server.put("/v1/kv/prev?prev", "2").json().path("prev");
        assertThat(prev.path("value").asText()).isEqualTo("1");
        assertThat(server.put("/v1/kv/prev", "3").json().has("prev")).isFalse();
        assertThat(server.delete("/v1/kv/prev?prev=true")
                        .json()
                        .at("/prev/value")
                        .asText())
                .isEqualTo("3");
        assertThat(server.delete("/v1/kv/prev?prev=true").json().path("prev").isNull())
                .isTrue();
    }

    @Test
    void aDeleteSaysHowManyItDeleted() {
        server.put("/v1/kv/del", "x");
        assertThat(server.delete("/v1/kv/del").json().path("deleted").asInt()).isEqualTo(1);
        Answer absent = server.delete("/v1/kv/del");
        assertThat(absent.status()).isEqualTo(200);
        assertThat(absent.json().path("deleted").asInt()).isZero();
        Answer gone = server.get("/v1/kv/del");
        assertThat(gone.status()).isEqualTo(404);
        assertThat(gone.code()).isEqualTo("key_not_found");
    }

    @Test
    void anIdempotencyKeyAppliesAWriteOnce() {
        Answer first = server.put("/v1/kv/once", "1", "Idempotency-Key", "order-17");
        server.put("/v1/kv/once", "2");
        Answer retry = server.put("/v1/kv/once", "1", "Idempotency-Key", "order-17");
        assertThat(retry.status()).isEqualTo(201);
        assertThat(retry.json()).isEqualTo(first.json());
        assertThat(server.get("/v1/kv/once").json().path("value").asText()).isEqualTo("2");
        Answer reused = server.put("/v1/kv/once", "3", "Idempotency-Key", "order-17");
        assertThat(reused.status()).isEqualTo(422);
        assertThat(reused.code()).isEqualTo("idempotency_key_reused");
        assertThat(server.put("/v1/kv/once", "3", "Idempotency-Key", "k".repeat(129))
                        .status())
                .isEqualTo(400);
        assertThat(server.put("/v1/kv/once", "3", "Idempotency-Key", "").status())
                .isEqualTo(400);
    }

    @Test
    void aFollowerSendsAWriteToTheLeaderWithPathAndQueryAsTheyCame() {
        server.node.refuse(Refusal.NOT_LEADER, InProcessNode.OTHER);
        Answer answer = server.put("/v1/kv/a%2Fb//c?prev=true&timeout=2s", "x");
        assertThat(answer.status()).isEqualTo(307);
        assertThat(answer.header("location")).isEqualTo(TestServer.OTHER_URL + "/v1/kv/a%2Fb//c?prev=true&timeout=2s");
        assertThat(answer.code()).isEqualTo("not_leader");
        assertThat(answer.json().path("leader").asText()).isEqualTo("n2");
        assertThat(answer.header("raft-leader")).isEqualTo("n2");
        server.otherUrl = null;
        Answer unknown = server.put("/v1/kv/a", "x");
        assertThat(unknown.status()).isEqualTo(503);
        assertThat(unknown.code()).isEqualTo("no_leader");
        assertThat(unknown.header("retry-after")).isEqualTo("1");
    }

    /** No read is ever refused for want of room; of writes {@link SpaceContractTest} tells. */
    @ParameterizedTest
    @EnumSource(value = Refusal.class, mode = EnumSource.Mode.EXCLUDE, names = "SPACE_QUOTA")
    void aRefusalSaysThatNothingWasApplied(Refusal refusal) {
        server.node.refuse(refusal, null);
        Answer answer = server.put("/v1/kv/refused", "x");
        assertThat(answer.json().path("outcome").asText()).isEqualTo("not_applied");
        assertThat(answer.json().path("retryable").asBoolean()).isTrue();
        assertThat(answer.status())
                .isEqualTo(
                        switch (refusal) {
                            case NOT_LEADER, NO_LEADER, TRANSFERRING, STOPPING -> 503;
                            case BUSY -> 429;
                            case TIMEOUT -> 504;
                            case SPACE_QUOTA -> 507;
                        });
        assertThat(answer.headers().containsKey("retry-after")).isEqualTo(answer.status() != 504);
        assertThat(server.get("/v1/kv/refused").status()).isEqualTo(answer.status());
        assertThat(server.get("/v1/kv/refused?consistency=stale").header("raft-consistency"))
                .isEqualTo("stale");
    }

    @Test
    void theHeaderSaysWhatWasServedWhereNoLeaseHolds() {
        server.put("/v1/kv/lease", "x");
        assertThat(server.get("/v1/kv/lease?consistency=lease").header("raft-consistency"))
                .isEqualTo("linearizable");
        server.node.takeLease();
        assertThat(server.get("/v1/kv/lease?consistency=lease").header("raft-consistency"))
                .isEqualTo("lease");
        Answer unknown = server.get("/v1/kv/lease?consistency=fresh");
        assertThat(unknown.status()).isEqualTo(400);
        assertThat(unknown.json().path("detail").asText()).contains("linearizable, lease or stale");
    }

    @ParameterizedTest
    @EnumSource(Uncertainty.class)
    void anUnknownOutcomeIsRetryableOnlyWhenASecondAttemptIsHarmless(Uncertainty uncertainty) {
        String target = "/v1/kv/unknown/" + uncertainty;
        server.put(target, "0");
        server.node.loseOutcomes(uncertainty);
        Answer plain = server.put(target, "1");
        assertThat(plain.status()).isEqualTo(uncertainty == Uncertainty.COMMIT_TIMEOUT ? 504 : 503);
        assertThat(plain.json().path("outcome").asText()).isEqualTo("unknown");
        assertThat(plain.json().path("retryable").asBoolean()).isFalse();
        assertThat(server.put(target, "2", "If-Match", "*")
                        .json()
                        .path("retryable")
                        .asBoolean())
                .isFalse();
        assertThat(server.put(target, "3", "Idempotency-Key", "u" + uncertainty)
                        .json()
                        .path("retryable")
                        .asBoolean())
                .isTrue();
        assertThat(server.put(target, "4", "If-Match", "\"1\"")
                        .json()
                        .path("retryable")
                        .asBoolean())
                .isTrue();
        assertThat(server.put(target, "5", "If-None-Match", "*")
                        .json()
                        .path("retryable")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void aBugIsA500WithoutAStackTraceAndTheWriteUnknown() {
        server.node.breakDown();
        Answer write = server.put("/v1/kv/bug", "x");
        assertThat(write.status()).isEqualTo(500);
        assertThat(write.json().path("outcome").asText()).isEqualTo("unknown");
        assertThat(write.text()).doesNotContain("IllegalState").doesNotContain("the test asked");
    }
}

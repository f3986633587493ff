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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the API promises, by way of a real client; each answer is also held against the OpenAPI document. */
class HttpContractTest {
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new TestServer();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @AfterEach
    void heal() {
        server.node.heal();
        server.turnAgeMillis.set(0);
        server.otherUrl = TestServer.OTHER_URL;
    }

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
    void aListingPagesThroughAllKeysInOrder() {
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            String key = String.format("page/%02d", i);
            expected.add(key);
            server.put("/v1/kv/" + key, "v" + i);
        }
        for (boolean reverse : new boolean[] {false, true}) {
            List<String> found = new ArrayList<>();
            String cursor = "";
            int pages = 0;
            do {
                JsonNode page = server.get("/v1/kv?prefix=page/&limit=10&keys&reverse=" + reverse + "&cursor=" + cursor)
                        .json();
                page.path("items").forEach(item -> found.add(item.path("key").asText()));
                assertThat(page.at("/items/0").has("value")).isFalse();
                cursor = page.path("cursor").asText();
                pages++;
            } while (!cursor.isEmpty());
            if (reverse) {
                java.util.Collections.reverse(found);
            }
            assertThat(found).isEqualTo(expected);
            assertThat(pages).isEqualTo(3);
        }
        JsonNode bounded =
                server.get("/v1/kv?prefix=page/&start=page/03&end=page/05").json();
        assertThat(bounded.path("items")).hasSize(2);
        assertThat(bounded.at("/items/0/value").asText()).isEqualTo("v3");
        assertThat(bounded.path("more").asBoolean()).isFalse();
        assertThat(server.get("/v1/kv?start=b&end=a").json().path("items")).isEmpty();
        assertThat(server.get("/v1/kv?prefix=page/&count").json().path("count").asInt())
                .isEqualTo(25);
    }

    @Test
    void aDelimiterListsFolders() {
        for (String key : List.of("dir/a/1", "dir/a/2", "dir/b", "dir/c/1")) {
            server.put("/v1/kv/" + key, "x");
        }
        JsonNode listing = server.get("/v1/kv?prefix=dir/&delimiter=/").json();
        assertThat(listing.path("folders").toString()).isEqualTo("[\"dir/a/\",\"dir/c/\"]");
        assertThat(listing.path("items")).hasSize(1);
        assertThat(server.get("/v1/kv?prefix=dir/&delimiter=" + "x".repeat(17)).status())
                .isEqualTo(413);
    }

    @Test
    void aCursorIsGoodForItsOwnQueryOnly() {
        for (int i = 0; i < 3; i++) {
            server.put("/v1/kv/cursor/" + i, "x");
        }
        String cursor = server.get("/v1/kv?prefix=cursor/&limit=1")
                .json()
                .path("cursor")
                .asText();
        assertThat(server.get("/v1/kv?prefix=cursor/&limit=2&cursor=" + cursor).status())
                .isEqualTo(200);
        for (String bad : List.of(
                "prefix=curso&cursor=" + cursor,
                "prefix=cursor/&reverse&cursor=" + cursor,
                "prefix=cursor/&delimiter=/&cursor=" + cursor,
                "prefix=cursor/&cursor=" + cursor.substring(1),
                "prefix=cursor/&cursor=B" + cursor.substring(1),
                "prefix=cursor/&cursor=!")) {
            Answer answer = server.get("/v1/kv?" + bad);
            assertThat(answer.status()).as(bad).isEqualTo(400);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "limit=0",
                "limit=1001",
                "limit=x",
                "limit=",
                "count&limit=1",
                "consistency=strong",
                "wait=1s",
                "prefix=%FF"
            })
    void aListingThatIsNotUnderstoodIsRefused(String query) {
        assertThat(server.get("/v1/kv?" + query).status()).isEqualTo(400);
    }

    @Test
    void aRangeIsDeletedAsAWholeOrNotAtAll() {
        for (int i = 0; i < 3; i++) {
            server.put("/v1/kv/range/" + i, "x");
        }
        assertThat(server.delete("/v1/kv").status()).isEqualTo(400);
        assertThat(server.delete("/v1/kv?prefix=").status()).isEqualTo(400);
        assertThat(server.delete("/v1/kv?prefix=range/&prev").status()).isEqualTo(400);
        assertThat(server.delete("/v1/kv?start=range/1&end=range/2")
                        .json()
                        .path("deleted")
                        .asInt())
                .isEqualTo(1);
        assertThat(server.delete("/v1/kv?prefix=range/").json().path("deleted").asInt())
                .isEqualTo(2);
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

    @ParameterizedTest
    @EnumSource(Refusal.class)
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
                        });
        assertThat(answer.headers().containsKey("retry-after")).isEqualTo(answer.status() != 504);
        assertThat(server.get("/v1/kv/refused").status()).isEqualTo(answer.status());
        assertThat(server.get("/v1/kv/refused?consistency=stale").header("raft-consistency"))
                .isEqualTo("stale");
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

    @Test
    void pathsThatAreNotThereAre404() {
        for (String target :
                List.of("/", "/v1", "/v1/kvx", "/V1/kv/a", "/v1/txn", "/livez/", "/v1/%6Bv/a", "//v1/kv/a")) {
            Answer answer = server.get(target);
            assertThat(answer.status()).as(target).isEqualTo(404);
            assertThat(answer.code()).isEqualTo("not_found");
        }
    }

    @Test
    void methodsThatDoNotFitAre405WithAllow() {
        for (String template : server.document.templates()) {
            Set<String> documented = new HashSet<>(server.document.methods(template));
            String target = template.replace("{key}", "a");
            if (target.equals("/v1/kv")) {
                documented.remove("PUT"); // Only with ?key=.
            }
            if (documented.contains("GET")) {
                documented.add("HEAD");
            }
            for (String method : List.of("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW")) {
                if (documented.contains(method)) {
                    continue;
                }
                Answer answer = server.send(method, target, null);
                assertThat(answer.status()).as("%s %s", method, target).isEqualTo(405);
                assertThat(Arrays.asList(answer.header("allow").split(", ")))
                        .containsExactlyInAnyOrderElementsOf(documented);
            }
        }
    }

    @Test
    void theClusterShowsItsMembersAndWhatTheLeaderKnowsOfThem() {
        JsonNode cluster = server.get("/v1/cluster").json();
        assertThat(cluster.path("failureTolerance").asInt()).isEqualTo(1);
        assertThat(cluster.path("members")).hasSize(3);
        assertThat(cluster.at("/members/0/isLeader").asBoolean()).isTrue();
        assertThat(cluster.at("/members/1/lag").asInt()).isEqualTo(2);
        assertThat(cluster.at("/members/2/httpUrl").isNull()).isTrue();
        server.node.refuse(Refusal.NOT_LEADER, InProcessNode.OTHER);
        JsonNode follower = server.get("/v1/cluster").json();
        assertThat(follower.path("leader").asText()).isEqualTo("n2");
        assertThat(follower.path("leaderUrl").asText()).isEqualTo(TestServer.OTHER_URL);
        assertThat(follower.at("/members/1").has("lag")).isFalse();
    }

    @Test
    void theStatusLimitsAndVersionAreServed() {
        JsonNode status = server.get("/v1/status").json();
        assertThat(status.path("role").asText()).isEqualTo("leader");
        assertThat(status.path("logBytes").asLong()).isEqualTo(4096);
        JsonNode limits = server.get("/v1/limits").json();
        assertThat(limits.path("valueBytes").asInt()).isEqualTo(1 << 20);
        assertThat(server.get("/version").json().path("version").asText()).isEqualTo("0.1.0-test");
        assertThat(server.get("/openapi.yaml").text()).startsWith("openapi: 3.1.0");
        assertThat(server.get("/v1/status?x").status()).isEqualTo(400);
    }

    @Test
    void probesTellALiveServerFromAReadyOne() {
        assertThat(server.get("/livez").status()).isEqualTo(200);
        Answer ready = server.get("/readyz?verbose");
        assertThat(ready.status()).isEqualTo(200);
        assertThat(ready.text()).contains("[+] n1 leads in term 7").endsWith("ready\n");
        server.node.refuse(Refusal.NO_LEADER, null);
        assertThat(server.get("/livez").status()).isEqualTo(200);
        assertThat(server.get("/readyz").status()).isEqualTo(503);
        assertThat(server.get("/readyz?verbose").text()).contains("[-] no leader");
        server.node.heal();
        server.turnAgeMillis.set(60_000);
        assertThat(server.get("/livez").status()).isEqualTo(503);
        assertThat(server.get("/readyz?verbose").text()).contains("[-] the last turn ended 60000 ms ago");
    }

    @Test
    void metricsComeAsPrometheusTextOrAsOpenMetrics() {
        server.get("/v1/limits");
        Answer text = server.get("/metrics");
        assertThat(text.header("content-type")).startsWith("text/plain; version=0.0.4");
        assertThat(text.text()).contains("balsa_raft_has_leader 1.0").contains("route=\"/v1/limits\",status=\"200\"");
        Answer open = server.get("/metrics", "Accept", "application/openmetrics-text; version=1.0.0");
        assertThat(open.header("content-type")).startsWith("application/openmetrics-text");
        assertThat(open.text()).endsWith("# EOF\n");
    }

    @Test
    void leadershipIsTransferredToTheTargetOrToWhoeverIsFit() {
        server.transfer = () -> new LeaderTransfer.Answer.Done(InProcessNode.OTHER, 8);
        Answer done = server.send("POST", "/v1/cluster/leader", utf8("{\"target\":\"n2\"}"));
        assertThat(done.status()).isEqualTo(200);
        assertThat(done.json().path("leader").asText()).isEqualTo("n2");
        assertThat(server.transferTarget).isEqualTo(InProcessNode.OTHER);
        for (String any : List.of("", "{}", "{\"target\":null}")) {
            assertThat(server.send("POST", "/v1/cluster/leader", utf8(any)).status())
                    .isEqualTo(200);
            assertThat(server.transferTarget).isNull();
        }
        for (String bad : List.of(
                "[]",
                "{",
                "{\"target\":2}",
                "{\"target\":\"two\"}",
                "{\"to\":\"n2\"}",
                "{}{}",
                "{\"target\":\"n1\",\"target\":\"n2\"}",
                "[".repeat(5000))) {
            assertThat(server.send("POST", "/v1/cluster/leader", utf8(bad)).status())
                    .as(bad)
                    .isEqualTo(400);
        }
        server.transfer = () -> new LeaderTransfer.Answer.NoTarget("n9 is not a member");
        assertThat(server.send("POST", "/v1/cluster/leader", utf8("{\"target\":\"n9\"}"))
                        .status())
                .isEqualTo(400);
        server.transfer = () -> new LeaderTransfer.Answer.TimedOut(InProcessNode.OWN, 7);
        assertThat(server.send("POST", "/v1/cluster/leader", null).code()).isEqualTo("transfer_timeout");
        server.transfer = () -> new LeaderTransfer.Answer.Refused(Refusal.NOT_LEADER, InProcessNode.OTHER, 7);
        assertThat(server.send("POST", "/v1/cluster/leader", null).header("location"))
                .isEqualTo(TestServer.OTHER_URL + "/v1/cluster/leader");
    }

    /** Each scenario is given by both ways to name a key, as each is a documented operation of its own. */
    @Test
    void everyDocumentedAnswerIsReallyGiven() throws Exception {
        for (String form : List.of("/v1/kv/", "/v1/kv?key=")) {
            keyAnswers(form + "every", form.contains("?") ? "&" : "?");
        }
        rangeAnswers();
        batchAnswers();
        adminAnswers();
        assertThat(server.document.unseen()).isEmpty();
    }

    private static void keyAnswers(String target, String more) {
        server.put(target, "1");
        String tag = server.put(target, "2").header("etag");
        server.get(target);
        server.get(target, "If-None-Match", tag);
        server.get(target, "If-Match", "\"1000000\"");
        server.get(target + more + "x");
        server.get(target + "k".repeat(500));
        server.put(target, "x", "If-Match", "\"1000000\"");
        server.put(target + more + "x", "x");
        server.put(target + "k".repeat(500), "x");
        server.put(target, "1", "Idempotency-Key", target);
        server.put(target, "2", "Idempotency-Key", target);
        server.delete(target, "Idempotency-Key", target);
        server.delete(target, "If-Match", "\"1000000\"");
        server.delete(target + more + "x");
        server.delete(target + "k".repeat(500));
        whenTheNodeDoesNotServe(() -> {
            server.get(target);
            server.put(target, "x");
            server.delete(target);
        });
        server.delete(target);
        server.get(target);
        server.put(target, "again");
        server.delete(target);
    }

    private static void whenTheNodeDoesNotServe(Runnable requests) {
        for (Refusal refusal : Refusal.values()) {
            server.node.refuse(refusal, refusal == Refusal.NOT_LEADER ? InProcessNode.OTHER : null);
            requests.run();
        }
        server.node.heal();
        server.node.breakDown();
        requests.run();
        server.node.heal();
    }

    private static void rangeAnswers() {
        server.get("/v1/kv?prefix=every");
        server.get("/v1/kv?prefix=every&count");
        server.delete("/v1/kv?prefix=every", "Idempotency-Key", "/v1/kv/every");
        server.delete("/v1/kv?prefix=every");
    }

    private static void batchAnswers() throws Exception {
        byte[] put = utf8("{\"operations\":[{\"op\":\"put\",\"key\":\"every\",\"value\":\"x\"}]}");
        server.send("POST", "/v1/batch", put);
        server.send("POST", "/v1/batch", null);
        server.send("POST", "/v1/batch", new byte[2 << 20]);
        whenTheNodeDoesNotServe(() -> server.send("POST", "/v1/batch", put));
        fillWithBatches(20, 1_000);
    }

    /** Holds so many batches of so many writes back, which is all that is let in; then another batch is refused as busy. */
    private static void fillWithBatches(int batches, int writes) throws Exception {
        String put = "{\"op\":\"put\",\"key\":\"every\",\"value\":\"x\"}";
        String body = "{\"operations\":[" + String.join(",", Collections.nCopies(writes, put)) + "]}";
        long before = server.node.writes();
        server.node.hold();
        List<Wire> held = new ArrayList<>();
        try {
            for (int i = 0; i < batches; i++) {
                held.add(new Wire(server.port)
                        .send("POST /v1/batch HTTP/1.1\r\nHost: h\r\nContent-Length: " + body.length() + "\r\n\r\n"
                                + body));
            }
            while (server.node.writes() < before + (long) batches * writes) {
                Thread.onSpinWait();
            }
            assertThat(server.send("POST", "/v1/batch", utf8("{\"operations\":[]}"))
                            .status())
                    .isEqualTo(429);
        } finally {
            server.node.release();
            for (Wire wire : held) {
                assertThat(wire.answer()).startsWith("HTTP/1.1 200");
                wire.close();
            }
        }
    }

    private static void adminAnswers() throws Exception {
        for (String path : List.of(
                "/v1/cluster",
                "/v1/limits",
                "/v1/status",
                "/livez",
                "/readyz",
                "/metrics",
                "/version",
                "/openapi.yaml")) {
            server.get(path);
            server.get(path + "?x=1");
        }
        server.turnAgeMillis.set(60_000);
        server.get("/livez");
        server.get("/readyz");
        server.transfer = () -> new LeaderTransfer.Answer.Done(InProcessNode.OTHER, 8);
        String leader = "/v1/cluster/leader";
        server.send("POST", leader, null);
        server.send("POST", leader, utf8("?"));
        server.send("POST", leader, new byte[2 << 20]);
        for (Refusal refusal : Refusal.values()) {
            server.transfer = () -> new LeaderTransfer.Answer.Refused(refusal, InProcessNode.OTHER, 8);
            server.send("POST", leader, null);
        }
        server.transfer = () -> {
            throw new IllegalStateException("as the test asked");
        };
        server.send("POST", leader, null);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

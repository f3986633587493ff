package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.balsa.client.FakeServer.Answer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each operation as one server sees it, and its answer as the caller sees it. */
final class BalsaClientTest {
    private FakeServer server;
    private BalsaClient client;

    @BeforeEach
    void start() throws Exception {
        server = new FakeServer(request -> Answer.written(57));
        client = BalsaClient.connect(server.url());
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void putSendsTheValueAsTheBodyAndAnswersTheRevision() {
        PutResult result = client.put("a/b", "hello\n{\"x\":1}");
        assertThat(result).isEqualTo(new PutResult(false, 2, 1, 57));
        FakeServer.Seen seen = server.seen().get(0);
        assertThat(seen.method()).isEqualTo("PUT");
        assertThat(seen.target()).isEqualTo("/v1/kv/a%2Fb");
        assertThat(seen.body()).isEqualTo("hello\n{\"x\":1}");
        assertThat(seen.header("If-Match") + seen.header("If-None-Match") + seen.header("Idempotency-Key"))
                .isEmpty();
    }

    @Test
    void conditionsTravelAsStandardHeaders() {
        server.script(request -> request.header("If-None-Match").equals("*")
                ? Answer.json(201, "{\"key\":\"k\",\"version\":1,\"createRevision\":58,\"modRevision\":58}")
                : Answer.written(57));
        assertThat(client.create("k", "v").created()).isTrue();
        client.update("k", "v");
        client.compareAndSet("k", "v", 57);
        assertThat(server.seen().get(1).header("If-Match")).isEqualTo("*");
        assertThat(server.seen().get(2).header("If-Match")).isEqualTo("\"57\"");
    }

    @Test
    void failedConditionSaysWhichRevisionTheKeyHas() {
        server.script(request -> Answer.problem(412, "precondition_failed", "not_applied", false));
        var failure = catchThrowableOfType(PreconditionFailedException.class, () -> client.compareAndSet("k", "v", 3));
        assertThat(failure.modRevision()).isEqualTo(57);
        assertThat(failure).hasMessageContaining(server.url()).hasMessageContaining("compareAndSet k");
        assertThat(server.seen()).hasSize(1);
    }

    @Test
    void getAnswersTheValueAndItsHistory() {
        server.script(request -> Answer.found("greeting", "h\\u00e9llo", 57));
        KeyValue found = client.get("greeting").orElseThrow();
        assertThat(found.valueText()).isEqualTo("héllo");
        assertThat(found.modRevision()).isEqualTo(57);
        assertThat(found.key()).isEqualTo(Key.of("greeting"));
    }

    @Test
    void valueThatIsNotTextComesBackByteForByte() {
        server.script(request -> Answer.json(
                200,
                "{\"key\":\"k\",\"value\":\"/wAB\",\"encoding\":\"base64\","
                        + "\"version\":1,\"createRevision\":1,\"modRevision\":1}"));
        assertThat(client.get("k").orElseThrow().valueBytes()).containsExactly(0xff, 0, 1);
    }

    @Test
    void absentKeyIsAnEmptyResult() {
        server.script(request -> Answer.problem(404, "key_not_found", "not_applied", false));
        assertThat(client.get("k")).isEmpty();
    }

    @Test
    void missingRouteIsNotAnAbsentKey() {
        server.script(request -> Answer.json(404, "<html>nothing here</html>"));
        assertThatThrownBy(() -> client.get("k")).isInstanceOf(NotAppliedException.class);
    }

    @Test
    void deleteSaysWhetherTheKeyWasThere() {
        server.script(request -> Answer.json(200, "{\"deleted\":1}"));
        assertThat(client.delete("k")).isTrue();
        client.deleteIf("k", 57);
        assertThat(server.seen().get(1).header("If-Match")).isEqualTo("\"57\"");
        assertThat(client.deletePrefix("a/")).isEqualTo(1);
        assertThat(server.seen().get(2).target()).isEqualTo("/v1/kv?prefix=a%2F");
        server.script(request -> Answer.json(200, "{\"deleted\":0}"));
        assertThat(client.delete("k")).isFalse();
    }

    @Test
    void deletingEveryKeyByAnEmptyPrefixIsRefusedBeforeAnythingIsSent() {
        assertThatThrownBy(() -> client.deletePrefix("")).isInstanceOf(IllegalArgumentException.class);
        assertThat(server.seen()).isEmpty();
    }

    @Test
    void listFetchesPagesAsTheyAreRead() {
        server.script(request -> request.target().contains("cursor=c%2F1")
                ? Answer.json(200, "{\"items\":[" + item("c") + "],\"more\":false}")
                : Answer.json(
                        200, "{\"items\":[" + item("a") + "," + item("b") + "],\"more\":true,\"cursor\":\"c/1\"}"));
        List<String> keys = client.list(ListQuery.prefix("x").withPageSize(2).withoutValues())
                .map(found -> found.key().toString())
                .toList();
        assertThat(keys).containsExactly("a", "b", "c");
        assertThat(server.seen()).hasSize(2);
        assertThat(server.seen().get(0).target()).isEqualTo("/v1/kv?prefix=x&limit=2&keys");
    }

    @Test
    void listStopsFetchingWhenNobodyReadsOn() {
        server.script(request ->
                Answer.json(200, "{\"items\":[" + item("a") + "," + item("b") + "],\"more\":true,\"cursor\":\"c\"}"));
        assertThat(client.list(ListQuery.all()).limit(2)).hasSize(2);
        assertThat(server.seen()).hasSize(1);
    }

    @Test
    void countAsksForTheCountAlone() {
        server.script(request -> Answer.json(200, "{\"count\":7,\"capped\":true,\"revision\":9}"));
        assertThat(client.count(ListQuery.range(Key.of("a"), Key.of("b")))).isEqualTo(new KeyCount(7, true));
        assertThat(server.seen().get(0).target()).isEqualTo("/v1/kv?start=a&end=b&count");
    }

    @Test
    void membersAreChangedAtARevisionAndTheAnswerShowsThem() {
        List<String> asked = new ArrayList<>();
        server.script(request -> {
            asked.add(request.method() + " " + request.target() + " "
                    + request.headers().getOrDefault("if-match", "-") + " " + request.body());
            return request.target().startsWith("/v1/cluster/leader")
                    ? Answer.json(200, "{\"leader\":\"n2\",\"leaderUrl\":null,\"term\":4,\"failureTolerance\":1}")
                    : Answer.json(
                            200,
                            "{\"clusterId\":\"c\",\"leader\":\"n1\",\"leaderUrl\":null,\"term\":3,\"failureTolerance\":1,"
                                    + "\"membershipRevision\":8,\"members\":[{\"id\":\"n4\",\"role\":\"learner\","
                                    + "\"raftAddress\":\"h:1\",\"httpUrl\":null,\"isLeader\":false,\"lag\":2}]}");
        });
        ClusterStatus added = client.addMember("n4", "h:1", false, 7L);
        assertThat(added.members()).containsExactly(new ClusterStatus.Member("n4", "learner", "h:1", null, 2));
        client.promoteMember("n4", null);
        client.removeMember("n4", 8L);
        assertThat(client.transferLeadership("n2")).isEqualTo("n2");
        assertThat(asked)
                .containsExactly(
                        "POST /v1/cluster/members \"7\" {\"id\":\"n4\",\"raftAddress\":\"h:1\",\"promote\":false}",
                        "POST /v1/cluster/members/n4/promote - ",
                        "DELETE /v1/cluster/members/n4 \"8\" ",
                        "POST /v1/cluster/leader - {\"target\":\"n2\"}");
        assertThatThrownBy(() -> client.removeMember("../n4", null)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void clusterAndStatusAreTypedAndNewMembersOfTheAnswersArePassedOver() {
        server.script(request -> request.target().equals("/v1/cluster")
                ? Answer.json(
                        200,
                        "{\"clusterId\":\"c\",\"leader\":null,\"leaderUrl\":null,\"term\":3,\"failureTolerance\":1,"
                                + "\"membershipRevision\":7,\"members\":[{\"id\":\"n1\",\"role\":\"voter\",\"raftAddress\":null,\"httpUrl\":\"http://a:1\","
                                + "\"isLeader\":false,\"new\":{\"x\":[1]}}]}")
                : Answer.json(
                        200,
                        "{\"id\":\"n1\",\"role\":\"leader\",\"leader\":\"n1\",\"leaderUrl\":\"http://a:1\",\"term\":3,"
                                + "\"revision\":9,\"commitIndex\":12,\"lastApplied\":11,\"version\":\"0.1\"}"));
        assertThat(client.cluster())
                .isEqualTo(new ClusterStatus(
                        3, null, null, 7, 1, List.of(new ClusterStatus.Member("n1", "voter", null, "http://a:1", -1))));
        assertThat(client.status(server.url()))
                .isEqualTo(new ServerStatus("n1", "leader", 3, "n1", "http://a:1", 12, 11, 9, "0.1"));
    }

    @Test
    void consistencyIsSaidWhenItIsNotTheServersDefault() {
        server.script(request -> Answer.found("k", "v", 1));
        client.get("k", CallOption.consistency(Consistency.STALE));
        client.get("k");
        client.get("k", CallOption.consistency(Consistency.LEASE));
        assertThat(server.seen().get(0).target()).isEqualTo("/v1/kv/k?consistency=stale");
        assertThat(server.seen().get(1).target()).isEqualTo("/v1/kv/k");
        assertThat(server.seen().get(2).target()).isEqualTo("/v1/kv/k?consistency=lease");
    }

    @Test
    void changingTheArrayAfterAnAsynchronousPutChangesNothing() throws Exception {
        byte[] value = "before".getBytes(StandardCharsets.UTF_8);
        var result = client.putAsync(Key.of("k"), value);
        value[0] = 'X';
        result.get();
        assertThat(server.seen().get(0).body()).isEqualTo("before");
    }

    @Test
    void writeWhoseAnswerCannotBeReadHasAnUnknownOutcome() {
        server.script(request -> Answer.json(200, "{\"key\":\"k\"}"));
        assertThatThrownBy(() -> client.put("k", "v"))
                .isInstanceOf(UnknownOutcomeException.class)
                .hasMessageContaining("version");
    }

    @Test
    void endpointsMustLookLikeEndpoints() {
        for (String wrong : List.of("127.0.0.1:8081", "https://a:1", "http://", "http://a:0", "http://a/b", "")) {
            assertThatThrownBy(() -> BalsaClient.connect(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> BalsaClient.connect()).isInstanceOf(IllegalArgumentException.class);
    }

    private static String item(String key) {
        return "{\"key\":\"" + key + "\",\"version\":1,\"createRevision\":1,\"modRevision\":1}";
    }
}

package io.balsa.http;

import static io.balsa.http.TestServer.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.balsa.http.TestServer.Answer;
import io.balsa.node.ChangeResult;
import io.balsa.node.Refusal;
import io.balsa.raft.Member;
import io.balsa.raft.MembershipChange;
import io.balsa.raft.NodeId;
import io.balsa.raft.Proposal;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the API promises to operators: cluster, leadership, status, limits, probes, metrics; and which paths and methods there are. */
class OperationContractTest {
    @RegisterExtension
    private static final TestServer server = new TestServer();

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
            String target =
                    template.replace("{key}", "a").replace("{term}", "7").replace("{id}", "n2");
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
        assertThat(status.path("setAsideStores").asLong()).isEqualTo(1);
        assertThat(status.path("setAsideBytes").asLong()).isEqualTo(2048);
        assertThat(status.path("writable").asBoolean()).isTrue();
        JsonNode limits = server.get("/v1/limits").json();
        assertThat(limits.path("stateBytes").asLong()).isEqualTo(4L << 30);
        assertThat(limits.path("diskFreeBytes").asLong()).isEqualTo(64L << 20);
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

    private static final byte[] FOURTH = utf8("{\"id\":\"n4\",\"raftAddress\":\"127.0.0.1:9084\"}");

    @Test
    void aServerIsTakenInAsALearnerAfterTheLeaderHasSeenIt() {
        MembershipChange[] asked = new MembershipChange[1];
        long[] revision = new long[1];
        server.node.answerChanges((change, expected) -> {
            asked[0] = change;
            revision[0] = expected;
            return new ChangeResult.Changed(server.node.membership(), InProcessNode.OWN, 7);
        });
        Answer added = server.send("POST", "/v1/cluster/members", FOURTH, "If-Match", "\"57\"");
        assertThat(added.status()).isEqualTo(201);
        assertThat(added.header("etag")).isEqualTo("\"57\"");
        assertThat(added.json().path("failureTolerance").asInt()).isEqualTo(1);
        assertThat(added.json().path("membershipRevision").asInt()).isEqualTo(57);
        assertThat(revision[0]).isEqualTo(57);
        assertThat(asked[0])
                .isEqualTo(new MembershipChange.Add(
                        new Member(new NodeId(4), Member.Standing.JOINING, "d4", "127.0.0.1:9084")));
        server.send("POST", "/v1/cluster/members", utf8("{\"id\":\"n4\",\"raftAddress\":\"h:1\",\"promote\":false}"));
        assertThat(asked[0])
                .isEqualTo(new MembershipChange.Add(new Member(new NodeId(4), Member.Standing.LEARNER, "d4", "h:1")));
        assertThat(revision[0]).isEqualTo(MembershipChange.ANY_REVISION);

        server.dialBack = new DialBack.Answer.Unusable("n4 at 127.0.0.1:9084 belongs to cluster 'away', not to 'home'");
        Answer unusable = server.send("POST", "/v1/cluster/members", FOURTH);
        assertThat(unusable.status()).isEqualTo(422);
        assertThat(unusable.code()).isEqualTo("member_unusable");
        assertThat(unusable.json().path("detail").asText()).contains("belongs to cluster 'away'");
        Answer again = server.send("POST", "/v1/cluster/members", utf8("{\"id\":\"n2\",\"raftAddress\":\"h:1\"}"));
        assertThat(again.code()).isEqualTo("member_exists");
        for (String bad : List.of(
                "",
                "[]",
                "{}",
                "{\"id\":\"n4\"}",
                "{\"id\":4,\"raftAddress\":\"h:1\"}",
                "{\"id\":\"n4\",\"raftAddress\":\"h\"}",
                "{\"id\":\"n4\",\"raftAddress\":\"h:1\",\"x\":1}",
                "{\"id\":\"n4\",\"raftAddress\":\"h:1\"}{}")) {
            assertThat(server.send("POST", "/v1/cluster/members", utf8(bad)).status())
                    .as(bad)
                    .isEqualTo(400);
        }
        server.node.refuse(Refusal.NOT_LEADER, InProcessNode.OTHER);
        assertThat(server.send("POST", "/v1/cluster/members", FOURTH).header("location"))
                .isEqualTo(TestServer.OTHER_URL + "/v1/cluster/members");
    }

    @Test
    void membersAreRemovedAndPromotedUnlessThatIsRejectedWithAReason() {
        MembershipChange[] asked = new MembershipChange[1];
        server.node.answerChanges((change, expected) -> {
            asked[0] = change;
            return new ChangeResult.Changed(server.node.membership(), InProcessNode.OWN, 7);
        });
        assertThat(server.delete("/v1/cluster/members/n3").status()).isEqualTo(200);
        assertThat(asked[0]).isEqualTo(new MembershipChange.Remove(new NodeId(3)));
        assertThat(server.send("POST", "/v1/cluster/members/n4/promote", null).status())
                .isEqualTo(200);
        assertThat(asked[0]).isEqualTo(new MembershipChange.Promote(new NodeId(4)));
        for (Proposal.Reason reason : Proposal.Reason.values()) {
            server.node.answerChanges((change, expected) -> new ChangeResult.Rejected(
                    new Proposal.Rejected(reason, "it may not be", 57), InProcessNode.OWN, 7));
            Answer rejected = server.delete("/v1/cluster/members/n3", "If-Match", "\"56\"");
            assertThat(rejected.status()).isBetween(404, 412);
            assertThat(rejected.json().path("detail").asText()).isEqualTo("it may not be; nothing was changed");
            assertThat(rejected.json().path("outcome").asText()).isEqualTo("not_applied");
            if (reason == Proposal.Reason.REVISION_MISMATCH) {
                assertThat(rejected.code()).isEqualTo("precondition_failed");
                assertThat(rejected.json().path("modRevision").asInt()).isEqualTo(57);
            }
        }
        assertThat(server.delete("/v1/cluster/members/n3", "If-Match", "57").status())
                .isEqualTo(400);
    }
}

package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.balsa.http.TestServer.Answer;
import io.balsa.node.Election;
import io.balsa.node.ElectionCodec;
import io.balsa.raft.NodeId;
import io.balsa.raft.Vote;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the API promises of elections: told from what all servers know, and never waiting for one that does not answer. */
class ElectionContractTest {
    private static final NodeId N3 = new NodeId(3);

    private static TestServer server;
    private static TestServer other;

    @BeforeAll
    static void start() throws Exception {
        server = new TestServer();
        other = new TestServer();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
        other.close();
    }

    @AfterEach
    void heal() {
        server.heal();
        other.heal();
    }

    /** As n1 knows it, which was paused and lost to n2. */
    static Election election(long term) {
        return of(term, InProcessNode.OWN, Election.Trigger.PAUSE, 412, List.of());
    }

    private static Election of(long term, NodeId node, Election.Trigger trigger, long pauseMillis, List<Vote> votes) {
        return new Election(
                term,
                node,
                term,
                1_700_000_000_000L + term,
                trigger,
                InProcessNode.OWN,
                term - 1,
                InProcessNode.OTHER,
                -1,
                pauseMillis,
                3,
                9,
                187,
                0,
                votes);
    }

    private static Election asTheWinnerKnowsIt(long term) {
        return of(
                term,
                InProcessNode.OTHER,
                Election.Trigger.TIMEOUT,
                0,
                List.of(new Vote(term, InProcessNode.OTHER, N3, false, Vote.Verdict.GRANTED)));
    }

    @Test
    void theStoryIsPutTogetherFromWhatTheServersKnow() {
        server.elections = List.of(election(7), election(8));
        server.otherUrl = "http://127.0.0.1:" + other.port;
        other.elections = List.of(asTheWinnerKnowsIt(8));
        JsonNode answer = server.get("/v1/cluster/elections").json();
        assertThat(answer.path("elections")).hasSize(2);
        assertThat(answer.at("/elections/0/term").asInt()).isEqualTo(8);
        assertThat(answer.at("/elections/0/explanation").asText())
                .isEqualTo("n2 took over from n1 in term 8: n1's process was paused for 412 ms; n3 voted for it;"
                        + " 187 ms without a leader.");
        assertThat(answer.at("/unreachable/0/node").asText()).isEqualTo("n3");
        assertThat(answer.at("/unreachable/0/reason").asText()).contains("not known");

        JsonNode one = server.get("/v1/cluster/elections/8").json();
        assertThat(one.path("trigger").asText()).isEqualTo("pause");
        assertThat(one.at("/nodes/0/pauseMillis").asInt()).isEqualTo(412);
        assertThat(one.at("/nodes/1/votes/0/voter").asText()).isEqualTo("n3");
        assertThat(server.get("/v1/cluster/elections?limit=1").json().path("elections"))
                .hasSize(1);
    }

    @Test
    void whoDoesNotAnswerIsNamedAndNotWaitedFor() throws Exception {
        server.elections = List.of(election(8));
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            server.otherUrl = "http://127.0.0.1:" + silent.getLocalPort();
            long before = System.nanoTime();
            JsonNode answer = server.get("/v1/cluster/elections/8").json();
            assertThat(System.nanoTime() - before).isLessThan(5_000_000_000L);
            assertThat(answer.at("/unreachable/0/node").asText()).isEqualTo("n2");
            assertThat(answer.at("/unreachable/0/reason").asText()).contains(server.otherUrl);
            assertThat(answer.path("explanation").asText()).contains("n1's process was paused");
        }
        JsonNode refused = server.get("/v1/cluster/elections").json();
        assertThat(refused.at("/unreachable/0/node").asText()).isEqualTo("n2");
    }

    @Test
    void anAnswerThatIsNoneIsNotTaken() {
        server.elections = List.of(election(8));
        server.otherUrl = "http://127.0.0.1:" + other.port + "/v1/status?";
        JsonNode answer = server.get("/v1/cluster/elections").json();
        assertThat(answer.at("/unreachable/0/reason").asText()).contains("status 400");
    }

    @Test
    void locallyNobodyElseIsAsked() {
        server.elections = List.of(election(7), election(8));
        JsonNode answer = server.get("/v1/cluster/elections?local").json();
        assertThat(answer.path("elections")).hasSize(2);
        assertThat(answer.path("unreachable")).isEmpty();
        Answer bytes = server.get("/v1/cluster/elections/7?local", "Accept", "application/octet-stream");
        assertThat(ElectionCodec.decode(bytes.body())).containsExactly(election(7));
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThat(server.get("/v1/cluster/elections/9").code()).isEqualTo("not_found");
        assertThat(server.get("/v1/cluster/elections/").code()).isEqualTo("bad_request");
        assertThat(server.get("/v1/cluster/elections/-1").code()).isEqualTo("bad_request");
        assertThat(server.get("/v1/cluster/elections?limit=1001").code()).isEqualTo("bad_request");
        assertThat(server.get("/v1/cluster/elections/7?limit=1").code()).isEqualTo("bad_request");
    }
}

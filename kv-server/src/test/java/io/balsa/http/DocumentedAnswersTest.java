package io.balsa.http;

import static io.balsa.http.TestServer.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.node.ChangeResult;
import io.balsa.node.Refusal;
import io.balsa.node.Shortage;
import io.balsa.node.Uncertainty;
import io.balsa.raft.Proposal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** That the OpenAPI document promises nothing that is never given. */
class DocumentedAnswersTest {
    @RegisterExtension
    private static final TestServer server = new TestServer();

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
        server.shortage = new Shortage(Shortage.Kind.QUOTA, 100, 101);
        server.put(target, "more");
        server.shortage = null;
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

    private static void electionAnswers() {
        server.elections = List.of(ElectionContractTest.election(7));
        server.get("/v1/cluster/elections");
        server.get("/v1/cluster/elections?local", "Accept", "application/octet-stream");
        server.get("/v1/cluster/elections?limit=0");
        server.get("/v1/cluster/elections/7");
        server.get("/v1/cluster/elections/8");
        server.get("/v1/cluster/elections/x");
    }

    private static void memberAnswers() {
        byte[] fourth = utf8("{\"id\":\"n4\",\"raftAddress\":\"127.0.0.1:9084\"}");
        Runnable all = () -> {
            server.send("POST", "/v1/cluster/members", fourth);
            server.delete("/v1/cluster/members/n3");
            server.send("POST", "/v1/cluster/members/n4/promote", null);
        };
        all.run();
        server.send("POST", "/v1/cluster/members", null);
        server.send("POST", "/v1/cluster/members", new byte[2 << 20]);
        server.delete("/v1/cluster/members/three");
        server.send("POST", "/v1/cluster/members/four/promote", null);
        for (Proposal.Reason reason : Proposal.Reason.values()) {
            server.node.answerChanges((change, expected) ->
                    new ChangeResult.Rejected(new Proposal.Rejected(reason, "because", 57), null, 7));
            all.run();
        }
        server.node.answerChanges(
                (change, expected) -> new ChangeResult.Unknown(Uncertainty.COMMIT_TIMEOUT, InProcessNode.OWN, 7));
        all.run();
        server.dialBack = new DialBack.Answer.Unusable("nobody is there");
        server.send("POST", "/v1/cluster/members", fourth);
        server.heal();
        server.node.refuse(Refusal.BUSY, InProcessNode.OWN);
        all.run();
        whenTheNodeDoesNotServe(all);
        server.heal();
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
        electionAnswers();
        memberAnswers();
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
}

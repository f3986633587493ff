package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.balsa.http.TestServer.Answer;
import io.balsa.node.Refusal;
import io.balsa.node.Shortage;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Without room only what grows is refused, and says so; all else is served. */
final class SpaceContractTest {
    @RegisterExtension
    static final TestServer server = new TestServer();

    @Test
    void aWriteIsRefusedWithTheLimitAndDeletesAreTaken() {
        server.put("/v1/kv/space/a", "1");
        server.shortage = new Shortage(Shortage.Kind.QUOTA, 1_000, 1_024);
        Answer refused = server.put("/v1/kv/space/a", "2");
        assertThat(refused.status()).isEqualTo(507);
        JsonNode problem = refused.json();
        assertThat(problem.path("code").asText()).isEqualTo("space_quota");
        assertThat(problem.path("outcome").asText()).isEqualTo("not_applied");
        assertThat(problem.path("retryable").asBoolean()).isFalse();
        assertThat(problem.path("limit").asLong()).isEqualTo(1_000);
        assertThat(problem.path("actual").asLong()).isEqualTo(1_024);
        assertThat(server.put("/v1/kv/space/a", "2", "Idempotency-Key", "space").status())
                .isEqualTo(507);
        assertThat(server.get("/v1/status").json().path("writable").asBoolean()).isFalse();
        assertThat(server.get("/v1/kv/space/a").json().path("value").asText()).isEqualTo("1");
        assertThat(server.delete("/v1/kv/space/a", "Idempotency-Key", "space-delete")
                        .status())
                .isEqualTo(200);
        server.shortage = new Shortage(Shortage.Kind.DISK, 64, 3);
        assertThat(server.put("/v1/kv/space/a", "3").json().path("detail").asText())
                .contains("has room for 3 bytes");
        server.shortage = null;
        assertThat(server.put("/v1/kv/space/a", "4").status()).isEqualTo(201);
    }

    @Test
    void aBatchIsRefusedOperationByOperation() {
        server.put("/v1/kv/space/b", "1");
        server.shortage = new Shortage(Shortage.Kind.QUOTA, 1_000, 1_024);
        String batch = """
                {"operations":[
                  {"op":"get","key":"space/b"},
                  {"op":"put","key":"space/c","value":"1"},
                  {"op":"delete","key":"space/b"}]}
                """;
        JsonNode results = server.send("POST", "/v1/batch", batch.getBytes(StandardCharsets.UTF_8))
                .json()
                .path("results");
        assertThat(results.at("/0/status").asInt()).isEqualTo(200);
        assertThat(results.at("/1/status").asInt()).isEqualTo(507);
        assertThat(results.at("/1/code").asText()).isEqualTo("space_quota");
        assertThat(results.at("/1/limit").asLong()).isEqualTo(1_000);
        assertThat(results.at("/2/status").asInt()).isEqualTo(200);
    }

    @Test
    void whoDoesNotLeadSendsToTheLeaderAllTheSame() {
        server.shortage = new Shortage(Shortage.Kind.QUOTA, 1_000, 1_024);
        server.node.refuse(Refusal.NOT_LEADER, InProcessNode.OTHER);
        assertThat(server.put("/v1/kv/space/d", "1").status()).isEqualTo(307);
    }
}

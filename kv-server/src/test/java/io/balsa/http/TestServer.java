package io.balsa.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.balsa.metrics.Metrics;
import io.balsa.metrics.StoreSizes;
import io.balsa.node.Election;
import io.balsa.node.Observer;
import io.balsa.node.Shortage;
import io.balsa.node.SpaceGuard;
import io.balsa.raft.NodeId;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A real server on a free port in front of an {@link InProcessNode}; every answer is held against the OpenAPI document.
 * Registered as an extension it serves all tests of a class, healed after each.
 */
final class TestServer implements AutoCloseable, AfterEachCallback, AfterAllCallback {
    static final String OTHER_URL = "http://127.0.0.1:9";

    private static final ObjectMapper JSON = new ObjectMapper();

    final Vertx vertx;
    final InProcessNode node = new InProcessNode();
    final Metrics metrics = new Metrics();
    final OpenApiDocument document = new OpenApiDocument();
    final AtomicLong turnAgeMillis = new AtomicLong();
    /** Stands for the event loop of Raft's turns; null: connections stay where they are. */
    final @Nullable Context raft;

    final HttpApi api;
    final int port;

    /** What the next transfers of leadership are answered with. */
    volatile Supplier<LeaderTransfer.Answer> transfer = TestServer::noTarget;

    /** What is found where a new server is said to be. */
    volatile DialBack.Answer dialBack = new DialBack.Answer.Found("d4");

    volatile @Nullable NodeId transferTarget;
    volatile @Nullable Shortage shortage;
    volatile @Nullable String otherUrl = OTHER_URL;
    volatile List<Election> elections = List.of();

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    TestServer(HttpConfig config, int instances) {
        this(config, instances, true);
    }

    /** @param nativeSockets as a server has them; else the JDK's */
    TestServer(HttpConfig config, int instances, boolean nativeSockets) {
        this(open(nativeSockets, 2), open(nativeSockets, 1).getOrCreateContext(), config, instances);
    }

    /** Connections stay on the event loops that have accepted them. */
    static TestServer withoutRaftsLoop(HttpConfig config, int instances) {
        return new TestServer(open(true, 2), null, config, instances);
    }

    static Vertx open(boolean nativeSockets, int eventLoops) {
        return Vertx.vertx(
                new VertxOptions().setPreferNativeTransport(nativeSockets).setEventLoopPoolSize(eventLoops));
    }

    /** {@link #close} closes {@code vertx}, too, and what {@code raft} belongs to. */
    TestServer(Vertx vertx, @Nullable Context raft, HttpConfig config, int instances) {
        this.vertx = vertx;
        this.raft = raft;
        metrics.node(node::status);
        api = new HttpApi(
                config,
                new HttpPorts(
                        new SpaceGuard(node, () -> shortage, Observer.NONE),
                        (target, timeoutMillis, reply) -> {
                            transferTarget = target;
                            reply.accept(transfer.get());
                        },
                        (id, address, timeoutMillis, reply) -> reply.accept(dialBack),
                        id -> id.equals(InProcessNode.OTHER) ? otherUrl : null,
                        metrics,
                        () -> elections,
                        turnAgeMillis::get,
                        () -> new StoreSizes(4096, 8192, 1, 2048),
                        () -> shortage,
                        4L << 30,
                        64L << 20,
                        "0.1.0-test",
                        "4f1d"));
        if (raft != null) {
            api.servesWritesOn(raft);
        }
        port = api.start(vertx, instances)
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    TestServer() {
        this(HttpConfig.localhost(0), 2);
    }

    private static LeaderTransfer.Answer noTarget() {
        return new LeaderTransfer.Answer.NoTarget("there is no other server");
    }

    /** As at first, but for what is stored. */
    void heal() {
        node.heal();
        shortage = null;
        turnAgeMillis.set(0);
        otherUrl = OTHER_URL;
        transfer = TestServer::noTarget;
        dialBack = new DialBack.Answer.Found("d4");
        transferTarget = null;
        elections = List.of();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        heal();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        close();
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** An answer; {@code headers} have lower-case names. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Answer(int status, Map<String, List<String>> headers, byte[] body) {
        String header(String name) {
            return String.join("|", headers.getOrDefault(name, List.of()));
        }

        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        JsonNode json() {
            try {
                return JSON.readTree(body);
            } catch (IOException notJson) {
                throw new AssertionError(text(), notJson);
            }
        }

        String code() {
            return json().path("code").asText();
        }
    }

    Answer get(String target, String... headers) {
        return send("GET", target, null, headers);
    }

    Answer put(String target, String value, String... headers) {
        return send("PUT", target, utf8(value), headers);
    }

    Answer delete(String target, String... headers) {
        return send("DELETE", target, null, headers);
    }

    Answer send(String method, String target, byte @Nullable [] body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + target))
                .timeout(Duration.ofSeconds(20))
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return checked(method, target, send(request.build()));
    }

    private HttpResponse<byte[]> send(HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException failed) {
            throw new AssertionError(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        }
    }

    private Answer checked(String method, String target, HttpResponse<byte[]> response) {
        Answer answer = new Answer(response.statusCode(), response.headers().map(), response.body());
        document.check(method, template(target), answer.status(), answer.headers(), answer.body());
        return answer;
    }

    /** The documented path that {@code target} belongs to. */
    static String template(String target) {
        int question = target.indexOf('?');
        String path = question < 0 ? target : target.substring(0, question);
        if (path.startsWith("/v1/cluster/members/")) {
            return path.endsWith("/promote") ? "/v1/cluster/members/{id}/promote" : "/v1/cluster/members/{id}";
        }
        return path.startsWith("/v1/kv/")
                ? "/v1/kv/{key}"
                : path.startsWith("/v1/cluster/elections/") ? "/v1/cluster/elections/{term}" : path;
    }

    @Override
    public void close() {
        Future.join(
                        vertx.close(),
                        raft == null ? Future.succeededFuture() : raft.owner().close())
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        node.close();
        metrics.close();
    }
}

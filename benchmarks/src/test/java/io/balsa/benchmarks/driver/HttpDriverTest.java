package io.balsa.benchmarks.driver;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.balsa.benchmarks.load.Acks;
import io.balsa.benchmarks.load.ClosedLoop;
import io.balsa.benchmarks.load.Load;
import io.balsa.benchmarks.load.LoadResult;
import io.balsa.benchmarks.load.Values;
import io.balsa.benchmarks.load.Window;
import io.balsa.benchmarks.load.Workload;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class HttpDriverTest {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Queue<String> requests = new ConcurrentLinkedQueue<>();
    private HttpServer server;
    private String location = "";

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        server.setExecutor(threads);
        server.createContext("/v1/kv/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.US_ASCII);
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + body.length());
            byte[] answer = "{\"modRevision\":7}".getBytes(StandardCharsets.US_ASCII);
            if (location.isEmpty()) {
                // Without a length of its own the server answers in chunks: both must be understood.
                exchange.sendResponseHeaders(200, requests.size() % 2 == 0 ? answer.length : 0);
            } else {
                exchange.getResponseHeaders().add("Location", location);
                location = "";
                exchange.sendResponseHeaders(307, answer.length);
            }
            try (var out = exchange.getResponseBody()) {
                out.write(answer);
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    private LoadResult load(List<InetSocketAddress> servers, List<InetSocketAddress> all) throws InterruptedException {
        try (HttpDriver driver = new HttpDriver(new BalsaDialect(new Values(256)), servers, all, 4)) {
            Load load = new Load(
                    Workload.named("put"),
                    4,
                    10,
                    Duration.ofMillis(100),
                    Duration.ofMillis(200),
                    Duration.ofSeconds(5));
            return new ClosedLoop(driver, load, Acks.IGNORED).run(Window.IGNORED);
        }
    }

    @Test
    void sendsWholeRequestsAndUnderstandsAnswersByLengthAndInChunks() throws InterruptedException {
        LoadResult result = load(List.of(server.getAddress()), List.of(server.getAddress()));
        assertThat(result.done()).isPositive();
        assertThat(result.failures()).isEmpty();
        assertThat(requests).allMatch(request -> request.matches("PUT /v1/kv/bench-00000000000\\d 256"));
    }

    @Test
    void goesToAnotherServerWhenOneIsDown() throws Exception {
        InetSocketAddress down;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            down = new InetSocketAddress(InetAddress.getLoopbackAddress(), closed.getLocalPort());
        }
        LoadResult result = load(List.of(down), List.of(down, server.getAddress()));
        assertThat(result.done()).isPositive();
        assertThat(result.failures()).isEmpty();
    }

    @Test
    void followsARedirectionToTheLeader() throws InterruptedException {
        InetSocketAddress self = server.getAddress();
        location = "http://127.0.0.1:" + self.getPort() + "/v1/kv/x";
        assertThat(load(List.of(self), List.of(self)).done()).isPositive();
    }

    @Test
    void etcdsGatewayGetsItsKeysAndValuesInBase64() {
        Bytes request = new Bytes(16);
        new EtcdGatewayDialect(new Values(3)).request(request, io.balsa.benchmarks.load.Kind.GET, 42);
        String text = request.text(0, request.size());
        assertThat(text).startsWith("POST /v3/kv/range HTTP/1.1\r\n").contains("Content-Length: 000034\r\n\r\n");
        assertThat(text).endsWith("{\"key\":\"YmVuY2gtMDAwMDAwMDAwMDQy\"}");
    }
}

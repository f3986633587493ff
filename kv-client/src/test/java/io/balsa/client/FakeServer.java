package io.balsa.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An HTTP server whose answers a test writes, and which remembers what it was asked. */
final class FakeServer implements AutoCloseable {
    static {
        // Else each answer waits 40 ms for an acknowledgement that the kernel delays.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Seen> seen = new CopyOnWriteArrayList<>();
    private volatile Script script;

    /** What to answer; may wait. */
    interface Script {
        Answer answer(Seen request) throws Exception;
    }

    /**
     * A request as it came.
     *
     * @param target path and query, not decoded
     */
    record Seen(String method, String target, Map<String, String> headers, String body) {
        String header(String name) {
            return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }
    }

    /**
     * An answer.
     *
     * @param status 0: close the connection instead of answering
     */
    record Answer(int status, Map<String, String> headers, String body) {
        static Answer json(int status, String body) {
            return new Answer(status, Map.of("Content-Type", "application/json"), body);
        }

        static Answer written(long revision) {
            return json(200, "{\"key\":\"k\",\"version\":2,\"createRevision\":1,\"modRevision\":" + revision + "}");
        }

        static Answer found(String key, String value, long revision) {
            return json(
                    200,
                    "{\"key\":\"" + key + "\",\"value\":\"" + value
                            + "\",\"encoding\":\"utf8\",\"version\":1,\"createRevision\":1,\"modRevision\":" + revision
                            + "}");
        }

        static Answer redirect(String url) {
            return problem(307, "not_leader", "not_applied", true).with("Location", url);
        }

        static Answer problem(int status, String code, String outcome, boolean retryable) {
            return new Answer(
                    status,
                    Map.of("Content-Type", "application/problem+json"),
                    "{\"type\":\"x\",\"title\":\"x\",\"status\":" + status + ",\"detail\":\"why\",\"code\":\"" + code
                            + "\",\"retryable\":" + retryable + ",\"outcome\":\"" + outcome + "\",\"modRevision\":57}");
        }

        static Answer drop() {
            return new Answer(0, Map.of(), "");
        }

        Answer with(String name, String value) {
            Map<String, String> more = new LinkedHashMap<>(headers);
            more.put(name, value);
            return new Answer(status, more, body);
        }
    }

    FakeServer(Script script) throws IOException {
        this.script = script;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 128);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    void script(Script next) {
        script = next;
    }

    List<Seen> seen() {
        return List.copyOf(seen);
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        Map<String, String> headers = new LinkedHashMap<>();
        exchange.getRequestHeaders()
                .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.get(0)));
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Seen request =
                new Seen(exchange.getRequestMethod(), exchange.getRequestURI().toString(), headers, body);
        seen.add(request);
        Answer answer;
        try {
            answer = script.answer(request);
        } catch (Exception interrupted) {
            answer = Answer.drop();
        }
        if (answer.status() != 0) {
            answer.headers()
                    .forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
            byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        }
        exchange.close();
    }

    /** A URL at which nobody listens. */
    static String refusedUrl() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "http://127.0.0.1:" + socket.getLocalPort();
        }
    }

    /** Accepts connections, by the kernel, and never answers. */
    static ServerSocket blackHole() throws IOException {
        return new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
    }

    static String url(ServerSocket socket) {
        return "http://127.0.0.1:" + socket.getLocalPort();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}

package io.balsa.process;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The HTTP API, called plainly: each request once, redirects followed, no repetition behind the test's back. Thread-safe. */
public final class KvHttp {
    static final Duration REQUEST_MAX = Duration.ofSeconds(5);

    /** No test measures how long a page takes, and the machine may be busy. */
    private static final Duration PAGE_MAX = Duration.ofSeconds(30);

    private static final JsonFactory JSON = new JsonFactory();

    private static final int REDIRECT = 307;

    /** Times that a request is sent elsewhere, since the server it went to does not lead. */
    private static final int REDIRECTS_MAX = 5;

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    /** By error code. */
    private final Map<String, Integer> refusals = new ConcurrentHashMap<>();

    /** What an answer, or none, proves about a write. */
    public enum Outcome {
        APPLIED,
        NOT_APPLIED,
        UNKNOWN
    }

    /** A key as a server answers it. */
    public record Item(String value, long version, long modRevision) {}

    /** A server's answer, whatever its status. */
    public record Answer(int status, String body) {
        public Map<String, String> fields() {
            try {
                return KvHttp.fields(body);
            } catch (IOException notJson) {
                throw new AssertionError("not an object of JSON: " + body, notJson);
            }
        }
    }

    /** Creates a key, once. */
    Outcome create(URI server, String key, String value) {
        return write(request(server, "/v1/kv/" + key)
                .header("If-None-Match", "*")
                .PUT(HttpRequest.BodyPublishers.ofString(value))
                .build());
    }

    /** Sets a key, once. */
    public Outcome put(URI server, String key, String value) {
        return write(request(server, "/v1/kv/" + key)
                .PUT(HttpRequest.BodyPublishers.ofString(value))
                .build());
    }

    /** Deletes a key, once. */
    public Outcome delete(URI server, String key) {
        return write(request(server, "/v1/kv/" + key).DELETE().build());
    }

    /** {@link #create}, without waiting for it. */
    CompletableFuture<Outcome> createLater(URI server, String key, String value) {
        return CompletableFuture.supplyAsync(() -> create(server, key, value));
    }

    /** {@link #put}, without waiting for it. */
    public CompletableFuture<Outcome> putLater(URI server, String key, String value) {
        HttpRequest request = request(server, "/v1/kv/" + key)
                .PUT(HttpRequest.BodyPublishers.ofString(value))
                .build();
        return sendLater(request, HttpResponse.BodyHandlers.ofString()).handle((response, failure) -> {
            if (failure == null) {
                return outcome(request, response);
            }
            Throwable cause = failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
            return cause instanceof ConnectException ? Outcome.NOT_APPLIED : Outcome.UNKNOWN;
        });
    }

    private Outcome write(HttpRequest request) {
        try {
            return outcome(request, send(request, HttpResponse.BodyHandlers.ofString()));
        } catch (ConnectException neverSent) {
            return Outcome.NOT_APPLIED;
        } catch (IOException lost) {
            return Outcome.UNKNOWN;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Outcome.UNKNOWN;
        }
    }

    private Outcome outcome(HttpRequest request, HttpResponse<String> response) {
        Answer answer = new Answer(response.statusCode(), response.body());
        if (answer.status() == 200 || answer.status() == 201) {
            return Outcome.APPLIED;
        }
        Map<String, String> fields = answer.fields();
        refusals.merge(String.valueOf(fields.get("code")), 1, Integer::sum);
        String outcome = fields.get("outcome");
        if ("not_applied".equals(outcome)) {
            if (answer.status() == 412) {
                throw new AssertionError("a key that was never written exists already: " + request.uri());
            }
            return Outcome.NOT_APPLIED;
        }
        if ("unknown".equals(outcome)) {
            return Outcome.UNKNOWN;
        }
        throw new AssertionError("an answer that says nothing about the outcome: " + answer);
    }

    /** How many writes were answered with this error code so far. */
    public int refusals(String code) {
        return refusals.getOrDefault(code, 0);
    }

    /** One read, without waiting for it; fails with an IOException when no answer came. */
    public CompletableFuture<Answer> get(URI server, String key, String consistency) {
        HttpRequest request =
                request(server, "/v1/kv/" + key + "?consistency=" + consistency).build();
        return sendLater(request, HttpResponse.BodyHandlers.ofString())
                .thenApply(response -> new Answer(response.statusCode(), response.body()));
    }

    /** As what a read by lease is served: {@code lease}, {@code linearizable}, or nothing when it is refused. */
    String leaseReadIs(URI server, String key) throws IOException, InterruptedException {
        HttpRequest request =
                request(server, "/v1/kv/" + key + "?consistency=lease").build();
        return send(request, HttpResponse.BodyHandlers.discarding())
                .headers()
                .firstValue("Raft-Consistency")
                .orElse("");
    }

    /** Any other GET. */
    Answer read(URI server, String path) throws IOException, InterruptedException {
        return answer(request(server, path).build());
    }

    /** Any POST. */
    Answer post(URI server, String path, String body) throws IOException, InterruptedException {
        return answer(request(server, path)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    private Answer answer(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<String> response = send(request, HttpResponse.BodyHandlers.ofString());
        return new Answer(response.statusCode(), response.body());
    }

    /** Every key that begins with {@code prefix}, page by page. */
    public Map<String, Item> all(URI server, String prefix, String consistency)
            throws IOException, InterruptedException {
        Map<String, Item> items = new TreeMap<>();
        String cursor = null;
        do {
            String path = "/v1/kv?prefix=" + prefix + "&limit=1000&consistency=" + consistency
                    + (cursor == null ? "" : "&cursor=" + URLEncoder.encode(cursor, StandardCharsets.UTF_8));
            HttpResponse<String> response =
                    send(request(server, path).timeout(PAGE_MAX).build(), HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new IOException(path + ": " + response.statusCode() + " " + response.body());
            }
            cursor = readPage(response.body(), items);
        } while (cursor != null);
        return items;
    }

    /** The fields of {@code /v1/status}; empty when the server does not answer. */
    public Map<String, String> status(URI server) {
        try {
            HttpRequest request = HttpRequest.newBuilder(server.resolve("/v1/status"))
                    .timeout(Duration.ofSeconds(1))
                    .build();
            return fields(send(request, HttpResponse.BodyHandlers.ofString()).body());
        } catch (IOException noAnswer) {
            return Map.of();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Map.of();
        }
    }

    public boolean isReady(URI server) {
        try {
            HttpRequest request = HttpRequest.newBuilder(server.resolve("/readyz"))
                    .timeout(Duration.ofSeconds(1))
                    .build();
            return send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException noAnswer) {
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler)
            throws IOException, InterruptedException {
        HttpResponse<T> response = client.send(request, handler);
        for (int i = 0; i < REDIRECTS_MAX && response.statusCode() == REDIRECT; i++) {
            response = client.send(elsewhere(request, response), handler);
        }
        return response;
    }

    private <T> CompletableFuture<HttpResponse<T>> sendLater(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
        CompletableFuture<HttpResponse<T>> answer = client.sendAsync(request, handler);
        for (int i = 0; i < REDIRECTS_MAX; i++) {
            answer = answer.thenCompose(response -> response.statusCode() == REDIRECT
                    ? client.sendAsync(elsewhere(request, response), handler)
                    : CompletableFuture.completedFuture(response));
        }
        return answer;
    }

    /**
     * The redirected request. Not left to the client, since that of JDK 17 forgets to stop the clock of the first request: it
     * closes the connection when that runs out, under whatever it carries then.
     */
    private static HttpRequest elsewhere(HttpRequest request, HttpResponse<?> response) {
        String location = response.headers().firstValue("Location").orElseThrow();
        return HttpRequest.newBuilder(request, (name, value) -> true)
                .uri(request.uri().resolve(location))
                .build();
    }

    private static HttpRequest.Builder request(URI server, String path) {
        return HttpRequest.newBuilder(server.resolve(path)).timeout(REQUEST_MAX);
    }

    /** The scalars of one flat object, as text. */
    private static Map<String, String> fields(String json) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("not an object: " + json);
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                if (parser.nextToken().isScalarValue()) {
                    fields.put(name, parser.getText());
                } else {
                    parser.skipChildren();
                }
            }
        }
        return fields;
    }

    /** Adds the page's items; returns the cursor when there are more. */
    private static @Nullable String readPage(String json, Map<String, Item> items) throws IOException {
        String cursor = null;
        boolean more = false;
        try (JsonParser parser = JSON.createParser(json)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (name.equals("items") && value == JsonToken.START_ARRAY) {
                    while (parser.nextToken() == JsonToken.START_OBJECT) {
                        readItem(parser, items);
                    }
                } else if (name.equals("cursor")) {
                    cursor = parser.getText();
                } else if (name.equals("more")) {
                    more = value == JsonToken.VALUE_TRUE;
                } else {
                    parser.skipChildren();
                }
            }
        }
        return more ? cursor : null;
    }

    private static void readItem(JsonParser parser, Map<String, Item> items) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            fields.put(name, parser.getText());
        }
        Item item = new Item(
                field(fields, "value"),
                Long.parseLong(field(fields, "version")),
                Long.parseLong(field(fields, "modRevision")));
        if (items.put(field(fields, "key"), item) != null) {
            throw new AssertionError("a key is listed twice: " + fields);
        }
    }

    private static String field(Map<String, String> fields, String name) throws IOException {
        String value = fields.get(name);
        if (value == null) {
            throw new IOException("an item without " + name + ": " + fields);
        }
        return value;
    }
}

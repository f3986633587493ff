package io.balsa.http;

import io.balsa.node.Election;
import io.balsa.node.ElectionCodec;
import io.balsa.raft.NodeId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Asks the other servers, all at once, what they know of elections; waits for none longer than a second. */
final class PeerElections {
    private static final int TIMEOUT_MILLIS = 1_000;
    private static final int ANSWER_BYTES_MAX = 4 << 20;

    /** What came back: elections, and why others did not answer. */
    record Answers(List<Election> elections, Map<NodeId, String> unreachable) {}

    private final HttpClient client;
    private final Function<NodeId, @Nullable String> httpUrl;

    PeerElections(Vertx vertx, Function<NodeId, @Nullable String> httpUrl) {
        this.client = vertx.createHttpClient(new HttpClientOptions()
                .setConnectTimeout(TIMEOUT_MILLIS)
                .setIdleTimeout(5)
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setMaxInitialLineLength(Limits.REQUEST_LINE_BYTES_MAX));
        this.httpUrl = httpUrl;
    }

    /** Asks each of {@code peers} for {@code pathAndQuery}; never fails. */
    Future<Answers> ask(List<NodeId> peers, String pathAndQuery) {
        Answers answers = new Answers(new ArrayList<>(), new TreeMap<>());
        List<Future<Void>> asked = new ArrayList<>();
        for (NodeId peer : peers) {
            String url = httpUrl.apply(peer);
            if (url == null) {
                answers.unreachable.put(peer, "its HTTP address is not known: it has not been connected to");
                continue;
            }
            asked.add(ask(url, pathAndQuery).transform(answer -> {
                if (answer.succeeded()) {
                    answers.elections.addAll(answer.result());
                } else {
                    answers.unreachable.put(peer, url + ": " + reason(answer.cause()));
                }
                return Future.<Void>succeededFuture();
            }));
        }
        return asked.isEmpty()
                ? Future.succeededFuture(answers)
                : Future.join(asked).map(all -> answers);
    }

    private Future<List<Election>> ask(String url, String pathAndQuery) {
        RequestOptions options = new RequestOptions()
                .setMethod(HttpMethod.GET)
                .setAbsoluteURI((url.endsWith("/") ? url.substring(0, url.length() - 1) : url) + pathAndQuery)
                .setConnectTimeout(TIMEOUT_MILLIS)
                .setTimeout(TIMEOUT_MILLIS)
                .putHeader("Accept", Exchange.OCTETS);
        return client.request(options)
                .compose(request -> request.send())
                .compose(PeerElections::body)
                .map(body -> ElectionCodec.decode(body.getBytes()))
                .timeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    }

    private static Future<Buffer> body(HttpClientResponse response) {
        response.exceptionHandler(reset -> {}); // Ours, below, or one that the body's future tells.
        String length = response.getHeader("Content-Length");
        if (response.statusCode() != 200) {
            response.request().reset();
            return Future.failedFuture("it answers with status " + response.statusCode());
        }
        if (length == null || length.length() > 9 || Long.parseLong(length) > ANSWER_BYTES_MAX) {
            response.request().reset();
            return Future.failedFuture("its answer has " + (length == null ? "no length" : length + " bytes")
                    + "; at most " + ANSWER_BYTES_MAX + " are taken");
        }
        return response.body();
    }

    private static String reason(Throwable cause) {
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }
}

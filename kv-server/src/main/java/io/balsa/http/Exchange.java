package io.balsa.http;

import io.balsa.kv.Key;
import io.balsa.node.ChangeResult;
import io.balsa.node.Consistency;
import io.balsa.node.ReadResult;
import io.balsa.node.Refusal;
import io.balsa.node.WriteResult;
import io.balsa.raft.NodeId;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer. Owned by the event loop of its connection; the node's reply is put into it by the Raft
 * thread before it goes through the {@link ReplyQueue}.
 */
final class Exchange {
    static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
    static final CharSequence PROBLEM_JSON = HttpHeaders.createOptimized("application/problem+json");
    static final CharSequence TEXT = HttpHeaders.createOptimized("text/plain; charset=utf-8");
    static final CharSequence OCTETS = HttpHeaders.createOptimized("application/octet-stream");

    private static final CharSequence KV_REVISION = HttpHeaders.createOptimized("Kv-Revision");
    private static final CharSequence RAFT_TERM = HttpHeaders.createOptimized("Raft-Term");
    private static final CharSequence RAFT_LEADER = HttpHeaders.createOptimized("Raft-Leader");
    private static final CharSequence RAFT_NODE = HttpHeaders.createOptimized("Raft-Node");
    private static final CharSequence RAFT_CONSISTENCY = HttpHeaders.createOptimized("Raft-Consistency");
    private static final CharSequence LINEARIZABLE = HttpHeaders.createOptimized("linearizable");
    private static final CharSequence LEASE = HttpHeaders.createOptimized("lease");
    private static final CharSequence STALE = HttpHeaders.createOptimized("stale");
    private static final CharSequence RETRY_AFTER = HttpHeaders.createOptimized("Retry-After");
    private static final CharSequence ONE = HttpHeaders.createOptimized("1");

    /** How long a refused client may go on sending, so that it reads the refusal before the connection is reset. */
    private static final long LINGER_MILLIS = 2_000;

    final HttpServerRequest request;
    final HttpServerResponse response;
    private final Dispatcher dispatcher;
    private final ConnectionState connection;
    private final long startNanos;

    @Nullable
    Operation operation;

    @Nullable
    RequestHead head;

    @Nullable
    Parameters parameters;

    @Nullable
    Key key;
    /** A second attempt at the write cannot apply it twice. */
    boolean repeatable;

    /** The body, when one is expected and has arrived. */
    boolean bodyComplete;

    @Nullable
    WriteResult writeResult;

    @Nullable
    ReadResult readResult;

    @Nullable
    Batch batch;

    LeaderTransfer.@Nullable Answer transferAnswer;

    @Nullable
    ChangeResult changeResult;

    @Nullable
    String unusableReason;
    /** The chain of the {@link ReplyQueue}. */
    @Nullable
    Exchange nextReply;

    private int admittedRequests;
    private long admittedBytes;
    private boolean handedOver;
    private boolean answered;

    Exchange(Dispatcher dispatcher, ConnectionState connection, HttpServerRequest request, long startNanos) {
        this.dispatcher = dispatcher;
        this.connection = connection;
        this.request = request;
        this.response = request.response();
        this.startNanos = startNanos;
    }

    Operation operation() {
        return Objects.requireNonNull(operation);
    }

    RequestHead head() {
        return Objects.requireNonNull(head);
    }

    Parameters parameters() {
        return Objects.requireNonNull(parameters);
    }

    Key key() {
        return Objects.requireNonNull(key);
    }

    boolean isAnswered() {
        return answered;
    }

    /** Counts the request, and {@code bytes} of its body, as in flight until it is answered. Throws {@link Refused}. */
    void admit(long bytes) {
        dispatcher.admission.enter(bytes);
        admittedRequests = 1;
        admittedBytes = bytes;
    }

    /** Counts more of the body. Throws {@link Refused}. */
    void admitMore(long bytes) {
        dispatcher.admission.grow(bytes);
        admittedBytes += bytes;
    }

    /** Counts {@code more} requests that were found in this one. Throws {@link Refused}. */
    void admitMoreRequests(int more) {
        dispatcher.admission.enterMore(more);
        admittedRequests += more;
    }

    /** From here on the node has it, and a failure of ours says nothing about the write. */
    void handOver() {
        handedOver = true;
        connection.waits();
    }

    /** Any thread: the node's reply to a write. */
    void written(WriteResult result) {
        writeResult = result;
        dispatcher.replies.offer(this);
    }

    /** Any thread: the node's reply to a read. */
    void read(ReadResult result) {
        readResult = result;
        dispatcher.replies.offer(this);
    }

    /** Any thread: the node has replied to every operation of the batch. */
    void batchEnded() {
        dispatcher.replies.offer(this);
    }

    /** Any thread: the reply to a transfer of leadership. */
    void transferred(LeaderTransfer.Answer answer) {
        transferAnswer = answer;
        dispatcher.replies.offer(this);
    }

    /** Any thread: the node's reply to a change of membership. */
    void changed(ChangeResult result) {
        changeResult = result;
        dispatcher.replies.offer(this);
    }

    /** Any thread: the server that was to be taken in cannot be, and the node was not asked. */
    void unusable(String reason) {
        unusableReason = reason;
        dispatcher.replies.offer(this);
    }

    /** Says who served the answer. */
    void raftHeaders(@Nullable NodeId leader, long term) {
        response.putHeader(RAFT_TERM, dispatcher.termText(term));
        if (leader != null) {
            response.putHeader(RAFT_LEADER, dispatcher.nodeText(leader));
        }
    }

    void revisionHeader(long revision) {
        response.putHeader(KV_REVISION, Long.toString(revision));
    }

    /** Says how fresh the read was. */
    void consistencyHeader(Consistency served) {
        response.putHeader(
                RAFT_CONSISTENCY,
                switch (served) {
                    case LINEARIZABLE -> LINEARIZABLE;
                    case LEASE -> LEASE;
                    case STALE -> STALE;
                });
    }

    /** Answers with the document in {@code json}. */
    void send(int status, JsonBuffer json) {
        send(status, JSON, json.toBuffer());
    }

    void send(int status, CharSequence contentType, Buffer body) {
        if (!begin(status)) {
            return;
        }
        response.putHeader(HttpHeaders.CONTENT_TYPE, contentType);
        if (request.method().equals(HttpMethod.HEAD)) {
            response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
            response.end();
        } else {
            response.end(body);
        }
    }

    /** Answers without a body. */
    void sendEmpty(int status) {
        if (begin(status)) {
            response.end();
        }
    }

    /** Answers with an error. */
    void send(Problem problem) {
        if (problem.code().hasRetryAfter()) {
            response.putHeader(RETRY_AFTER, ONE);
        }
        RequestHead known = head;
        boolean unread = known == null || ((known.chunked || known.contentLength > 0) && !bodyComplete);
        boolean closes = known == null
                || (unread
                        && (known.chunked || known.expectsContinue || known.contentLength > Limits.DISCARD_BYTES_MAX));
        if (closes) {
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        JsonBuffer json = dispatcher.json.clear();
        problem.writeTo(json);
        send(problem.code().status, PROBLEM_JSON, json.toBuffer());
        if (closes) {
            linger();
        }
    }

    /** Answers that the node refused; sends the client to the leader, same path and query, when that is what helps. */
    void refusedByNode(Refusal reason, @Nullable NodeId leader, long term) {
        raftHeaders(leader, term);
        String url = urlOf(leader);
        Problem problem = problemOf(reason, leader, url);
        if (problem.code() == Problem.Code.NOT_LEADER && url != null) {
            response.putHeader(HttpHeaders.LOCATION, location(url));
        }
        send(problem);
    }

    Problem problemOf(Refusal reason, @Nullable NodeId leader, @Nullable String url) {
        return reason == Refusal.SPACE_QUOTA
                ? Problem.spaceQuota(dispatcher.ports.space().shortage())
                : Problem.of(reason, leader, url);
    }

    /** Where {@code leader} serves HTTP; null when that is not known. */
    @Nullable
    String urlOf(@Nullable NodeId leader) {
        return leader == null ? null : dispatcher.ports.httpUrl().apply(leader);
    }

    /** This request at the server {@code url}. */
    String location(String url) {
        return (url.endsWith("/") ? url.substring(0, url.length() - 1) : url) + request.uri();
    }

    /** Answers for a failure that nobody expected. */
    void fail(Throwable cause) {
        send(Problem.internal(dispatcher.logFailure(cause, request), handedOver));
    }

    /** The client is gone: nothing to answer. Counted as 499, as some proxies do. */
    void abandon() {
        finish(499);
    }

    private boolean begin(int status) {
        if (!finish(status) || response.closed()) {
            return false;
        }
        response.setStatusCode(status);
        response.putHeader(RAFT_NODE, dispatcher.ownText);
        return true;
    }

    /** Returns false when it was finished before. */
    private boolean finish(int status) {
        if (answered) {
            return false;
        }
        answered = true;
        if (handedOver) {
            connection.answered(dispatcher.nowMillis());
        }
        if (admittedRequests > 0) {
            dispatcher.admission.leave(admittedRequests, admittedBytes);
        }
        dispatcher.record(operation, status, System.nanoTime() - startNanos);
        return true;
    }

    /** Closes when the client has finished sending, or soon: closing earlier would reset what it has not read yet. */
    private void linger() {
        if (request.isEnded()) {
            request.connection().close();
            return;
        }
        request.handler(dropped -> {});
        request.exceptionHandler(gone -> {});
        request.endHandler(end -> request.connection().close());
        dispatcher.vertx.setTimer(LINGER_MILLIS, late -> request.connection().close());
    }
}

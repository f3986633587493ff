package io.balsa.http;

import io.balsa.kv.Key;
import io.balsa.node.ChangeResult;
import io.balsa.node.Consistency;
import io.balsa.node.ReadResult;
import io.balsa.node.Refusal;
import io.balsa.node.WriteResult;
import io.balsa.raft.NodeId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.impl.headers.Http1xHeaders;
import io.vertx.core.internal.buffer.BufferInternal;
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
    private static final CharSequence ZERO = HttpHeaders.createOptimized("0");
    private static final CharSequence ONE = HttpHeaders.createOptimized("1");

    final HttpRequest request;
    final Connection connection;
    private final Dispatcher dispatcher;
    private final long startNanos;
    private final Http1xHeaders headers = Http1xHeaders.httpHeaders();

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

    /** Collects the body, when one is expected. */
    @Nullable
    BodyReader body;

    /** The body, when one is expected and has arrived. */
    boolean bodyComplete;

    /** The connection ends behind the answer. */
    boolean ends;

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
    private boolean arrived;
    private boolean answered;
    /** Built, and not sent while an earlier request of the connection has no answer. */
    private @Nullable FullHttpResponse answer;

    private boolean sent;

    Exchange(Dispatcher dispatcher, Connection connection, HttpRequest request, long startNanos) {
        this.dispatcher = dispatcher;
        this.connection = connection;
        this.request = request;
        this.startNanos = startNanos;
    }

    /** A piece of the body. */
    void take(Buffer piece) {
        if (body != null) {
            body.take(piece);
        }
    }

    /** The last byte of the request is here. */
    void arrived() {
        arrived = true;
        if (body != null) {
            body.end();
        }
    }

    boolean hasArrived() {
        return arrived;
    }

    @Nullable
    FullHttpResponse answer() {
        return answer;
    }

    /** What is to be sent now. */
    FullHttpResponse takeAnswer() {
        FullHttpResponse built = Objects.requireNonNull(answer);
        answer = null;
        sent = true;
        return built;
    }

    boolean isSent() {
        return sent;
    }

    /** What was asked for, without the query. */
    String path() {
        int question = request.uri().indexOf('?');
        return question < 0 ? request.uri() : request.uri().substring(0, question);
    }

    void putHeader(CharSequence name, CharSequence value) {
        headers.set(name, value);
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
        connection.times.waits();
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
        putHeader(RAFT_TERM, dispatcher.termText(term));
        if (leader != null) {
            putHeader(RAFT_LEADER, dispatcher.nodeText(leader));
        }
    }

    void revisionHeader(long revision) {
        putHeader(KV_REVISION, Long.toString(revision));
    }

    /** Says how fresh the read was. */
    void consistencyHeader(Consistency served) {
        putHeader(
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

    void send(int status, CharSequence contentType, Buffer document) {
        if (begin(status)) {
            putHeader(HttpHeaders.CONTENT_TYPE, contentType);
            putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(document.length()));
            boolean head = request.method().equals(HttpMethod.HEAD);
            answer(status, head ? Unpooled.EMPTY_BUFFER : ((BufferInternal) document).getByteBuf());
        }
    }

    /** Answers without a body: 304 says nothing of its length (RFC 9110, 15.4.5). */
    void sendNotModified() {
        if (begin(304)) {
            answer(304, Unpooled.EMPTY_BUFFER);
        }
    }

    /** Answers that this version of HTTP is not spoken, which has to do for one whose answers look otherwise. */
    void sendVersionNotSupported() {
        ends = true;
        if (begin(501)) {
            putHeader(HttpHeaders.CONTENT_LENGTH, ZERO);
            answer(501, Unpooled.EMPTY_BUFFER);
        }
    }

    private void answer(int status, ByteBuf content) {
        boolean old = request.protocolVersion().equals(HttpVersion.HTTP_1_0);
        if (ends) {
            putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        } else if (old) {
            putHeader(HttpHeaders.CONNECTION, HttpHeaders.KEEP_ALIVE);
        }
        answer = new DefaultFullHttpResponse(
                old ? HttpVersion.HTTP_1_0 : HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(status),
                content,
                headers,
                EmptyHttpHeaders.INSTANCE);
        connection.answered(this);
    }

    /** Answers with an error. */
    void send(Problem problem) {
        if (problem.code().hasRetryAfter()) {
            putHeader(RETRY_AFTER, ONE);
        }
        RequestHead known = head;
        boolean unread = known == null || ((known.chunked || known.contentLength > 0) && !bodyComplete);
        ends |= known == null
                || (unread
                        && (known.chunked || known.expectsContinue || known.contentLength > Limits.DISCARD_BYTES_MAX));
        JsonBuffer json = dispatcher.json.clear();
        problem.writeTo(json);
        send(problem.code().status, PROBLEM_JSON, json.toBuffer());
    }

    /** Answers that the node refused; sends the client to the leader, same path and query, when that is what helps. */
    void refusedByNode(Refusal reason, @Nullable NodeId leader, long term) {
        raftHeaders(leader, term);
        String url = urlOf(leader);
        Problem problem = problemOf(reason, leader, url);
        if (problem.code() == Problem.Code.NOT_LEADER && url != null) {
            putHeader(HttpHeaders.LOCATION, location(url));
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
        if (!finish(status) || connection.isClosed()) {
            return false;
        }
        putHeader(RAFT_NODE, dispatcher.ownText);
        return true;
    }

    /** Returns false when it was finished before. */
    private boolean finish(int status) {
        if (answered) {
            return false;
        }
        answered = true;
        if (handedOver) {
            connection.times.answered(dispatcher.nowMillis());
        }
        if (admittedRequests > 0) {
            dispatcher.admission.leave(admittedRequests, admittedBytes);
        }
        dispatcher.record(operation, status, System.nanoTime() - startNanos);
        return true;
    }
}

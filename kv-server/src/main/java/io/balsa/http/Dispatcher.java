package io.balsa.http;

import io.balsa.kv.Key;
import io.balsa.metrics.HttpTimer;
import io.balsa.node.NodeStatus;
import io.balsa.raft.NodeId;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http1ServerConfig;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.impl.http1.VertxHttpResponseEncoder;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes the requests of one event loop and gives each to the part of the API that it names. Owned by that loop. */
final class Dispatcher {
    private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);
    private static final CharSequence ALLOW = HttpHeaders.createOptimized("Allow");

    final Vertx vertx;
    final HttpPorts ports;
    final Admission admission;
    final ReplyQueue replies;
    /** Used again for every answer of this loop. */
    final JsonBuffer json = new JsonBuffer();

    final CharSequence ownText;
    final HttpConfig config;

    final ContextInternal context;

    private final AtomicInteger connectionsOfAllLoops;
    /** On the event loop of Raft's turns; null on that one, and where there is none. */
    private final @Nullable Dispatcher atRaft;
    /** Connections that have moved to this loop, or are about to. */
    private final AtomicInteger placesTaken = new AtomicInteger();

    private final KeyApi keyApi;
    private final RangeApi rangeApi;
    private final BatchApi batchApi;
    private final AdminApi adminApi;
    private final ElectionApi electionApi;
    private final MembersApi membersApi;
    private final Map<Operation, HttpTimer> timers = new EnumMap<>(Operation.class);
    private final HttpTimer otherTimer;
    private final Set<Connection> connections = Collections.newSetFromMap(new IdentityHashMap<>());

    private long termOfText = -1;
    private CharSequence termText = "";
    private @Nullable NodeId nodeOfText;
    private CharSequence nodeText = "";
    private boolean stopping;
    private @Nullable Promise<Void> whenEmpty;

    Dispatcher(
            Context context,
            HttpConfig config,
            HttpPorts ports,
            Admission admission,
            AtomicInteger connectionsOfAllLoops,
            Buffer openApi,
            @Nullable Dispatcher atRaft) {
        this.vertx = context.owner();
        this.context = (ContextInternal) context;
        this.config = config;
        this.ports = ports;
        this.admission = admission;
        this.connectionsOfAllLoops = connectionsOfAllLoops;
        this.atRaft = atRaft;
        this.replies = new ReplyQueue(context, this::resume);
        this.ownText = HttpHeaders.createOptimized(ports.node().status().id().toString());
        this.keyApi = new KeyApi(this);
        this.rangeApi = new RangeApi(this);
        this.batchApi = new BatchApi(this);
        this.adminApi = new AdminApi(this, openApi);
        this.electionApi = new ElectionApi(this);
        this.membersApi = new MembersApi(this);
        for (Operation operation : Operation.values()) {
            timers.put(operation, ports.metrics().httpTimer(operation.method.name(), operation.route.template));
        }
        this.otherTimer = ports.metrics().httpTimer("other", "other");
    }

    /** A connection was accepted, and nothing was read from it. */
    void connected(NetSocket socket) {
        ChannelHandlerContext last = ((NetSocketInternal) socket).channelHandlerContext();
        ConnectionTimes times = new ConnectionTimes(last.channel(), config, nowMillis());
        Connection connection = new Connection(this, last, times);
        Http1ServerConfig decoding = new Http1ServerConfig()
                .setMaxInitialLineLength(Limits.REQUEST_LINE_BYTES_MAX)
                .setMaxHeaderSize(Limits.HEADER_BYTES_MAX)
                .setMaxChunkSize(64 << 10);
        last.pipeline()
                .addBefore(last.name(), "requestDecoder", new StrictDecoder(decoding, times, this::nowMillis))
                .addBefore(last.name(), "responseEncoder", new VertxHttpResponseEncoder())
                .addBefore(last.name(), "connection", connection);
        connections.add(connection);
        int count = connectionsOfAllLoops.incrementAndGet();
        last.channel().closeFuture().addListener(closed -> connection.ended());
        socket.shutdownHandler(timeout -> connection.shutDown());
        if (count > config.connectionsMax()) {
            connection.close();
        }
    }

    /** Where there is a place for one more connection beside Raft's turns, which is taken now; null: nowhere. */
    @Nullable
    Dispatcher placeAtRaft() {
        Dispatcher other = atRaft;
        if (other != null && other.placesTaken.incrementAndGet() > Limits.CONNECTIONS_AT_RAFT_MAX) {
            other.placeIsFree();
            return null;
        }
        return other;
    }

    void leaves(Connection connection) {
        connections.remove(connection);
    }

    void joins(Connection connection) {
        connections.add(connection);
    }

    /** A connection of this loop was closed. */
    void disconnected(Connection connection) {
        connections.remove(connection);
        connectionsOfAllLoops.decrementAndGet();
        completeIfEmpty();
    }

    /** Any thread. */
    void placeIsFree() {
        placesTaken.decrementAndGet();
    }

    /** Closes the connections that have been too long at what they do. */
    void sweep() {
        long now = nowMillis();
        List<Connection> overdue = new ArrayList<>();
        for (Connection connection : connections) {
            if (connection.times.isOverdue(now)) {
                overdue.add(connection);
            }
        }
        for (Connection connection : overdue) {
            connection.close();
        }
    }

    /** From now on every request is refused. */
    void stop() {
        stopping = true;
    }

    /** The same, and has each connection end once its requests are answered; completes when all have. Any thread. */
    Future<Void> shutDown(long secondsMax) {
        Promise<Void> empty = Promise.promise();
        context.runOnContext(nothing -> {
            stop();
            connections.forEach(Connection::shutDown);
            whenEmpty = empty;
            completeIfEmpty();
            vertx.setTimer(secondsMax * 1_000, late -> List.copyOf(connections).forEach(Connection::close));
        });
        return empty.future();
    }

    private void completeIfEmpty() {
        if (whenEmpty != null && connections.isEmpty()) {
            whenEmpty.tryComplete();
        }
    }

    /** A request's header was read. */
    void handle(Exchange exchange) {
        if (exchange.connection.isFlooded()) {
            exchange.connection.close();
            return;
        }
        HttpVersion version = exchange.request.protocolVersion();
        if (!version.equals(HttpVersion.HTTP_1_1) && !version.equals(HttpVersion.HTTP_1_0)) {
            exchange.sendVersionNotSupported();
            return;
        }
        try {
            begin(exchange);
        } catch (Refused refused) {
            exchange.send(refused.problem());
        } catch (RuntimeException unexpected) {
            exchange.fail(unexpected);
        }
    }

    /** A request's header cannot be read. */
    void handleInvalid(Exchange exchange) {
        Throwable cause = exchange.request.decoderResult().cause();
        Problem problem;
        if (cause instanceof TooLongHttpLineException) {
            problem = new Problem(
                    Problem.Code.URI_TOO_LONG,
                    "the request line has at most " + Limits.REQUEST_LINE_BYTES_MAX + " bytes",
                    null,
                    Limits.REQUEST_LINE_BYTES_MAX,
                    -1,
                    -1,
                    false);
        } else if (cause instanceof TooLongFrameException) {
            problem = new Problem(
                    Problem.Code.HEADERS_TOO_LARGE,
                    "a request's header has at most " + Limits.HEADER_BYTES_MAX + " bytes",
                    null,
                    Limits.HEADER_BYTES_MAX,
                    -1,
                    -1,
                    false);
        } else {
            problem =
                    Problem.badRequest("this is not an HTTP/1.1 request: " + (cause == null ? "" : cause.getMessage()));
        }
        exchange.send(problem);
    }

    private void begin(Exchange exchange) {
        HttpRequest request = exchange.request;
        RequestHead head = RequestHead.of(request);
        exchange.head = head;
        String uri = request.uri();
        if (uri.isEmpty() || uri.charAt(0) != '/') {
            throw new Refused(Problem.badRequest("the request target is a path that begins with a slash"));
        }
        int question = uri.indexOf('?');
        String path = question < 0 ? uri : uri.substring(0, question);
        Operation.Route route = Operation.Route.of(path);
        if (route == null) {
            throw new Refused(Problem.of(Problem.Code.NOT_FOUND, "there is nothing at this path; see /openapi.yaml"));
        }
        Parameters parameters = Parameters.of(uri, question);
        exchange.parameters = parameters;
        byte[] keyBytes = null;
        if (route == Operation.Route.KEY) {
            keyBytes = Percent.decode(path, Operation.Route.KEY_PREFIX.length(), path.length(), "the key");
            if (parameters.has(Parameter.KEY)) {
                throw new Refused(Problem.badRequest("the key is both in the path and in the query"));
            }
        } else if (route == Operation.Route.RANGE && parameters.has(Parameter.KEY)) {
            route = Operation.Route.KEY;
            keyBytes = parameters.bytes(Parameter.KEY);
        }
        Operation operation = operation(exchange, route, HttpMethod.fromNetty(request.method()));
        exchange.operation = operation;
        parameters.allowOnly(operation);
        if (!operation.hasBody && (head.chunked || head.contentLength > 0)) {
            throw new Refused(Problem.badRequest(operation.method + " " + operation.route.template + " takes no body"));
        }
        if (keyBytes != null) {
            exchange.key = key(keyBytes);
        }
        perform(exchange, operation);
    }

    private static Operation operation(Exchange exchange, Operation.Route route, HttpMethod method) {
        Operation operation = Operation.of(route, method);
        if (operation == null) {
            String allowed = Operation.allowed(route);
            exchange.putHeader(ALLOW, allowed);
            throw new Refused(Problem.of(
                    Problem.Code.METHOD_NOT_ALLOWED, route.template + " understands " + allowed + ", not " + method));
        }
        return operation;
    }

    /** Throws {@link Refused} when it is too short or too long. */
    static Key key(byte[] bytes) {
        if (bytes.length == 0) {
            throw new Refused(Problem.badRequest("the key is empty; to list keys, leave out the last slash"));
        }
        if (bytes.length > Limits.KEY_BYTES_MAX) {
            throw new Refused(Problem.tooLarge("a key", Limits.KEY_BYTES_MAX, bytes.length));
        }
        return Key.of(bytes);
    }

    private void perform(Exchange exchange, Operation operation) {
        if (stopping && operation.route != Operation.Route.LIVEZ && operation.route != Operation.Route.METRICS) {
            exchange.ends = true;
            throw new Refused(Problem.of(io.balsa.node.Refusal.STOPPING, null, null));
        }
        switch (operation) {
            case GET_KEY -> keyApi.get(exchange);
            case PUT_KEY -> BodyReader.read(exchange, Limits.VALUE_BYTES_MAX, "a value", keyApi::put);
            case DELETE_KEY -> keyApi.delete(exchange);
            case LIST -> rangeApi.list(exchange);
            case DELETE_RANGE -> rangeApi.delete(exchange);
            case BATCH -> batchApi.begin(exchange);
            case CLUSTER -> membersApi.show(exchange);
            case ADD_MEMBER -> BodyReader.read(exchange, Limits.REQUEST_BYTES_MAX, "a request", membersApi::add);
            case REMOVE_MEMBER -> membersApi.remove(exchange);
            case PROMOTE_MEMBER -> membersApi.promote(exchange);
            case TRANSFER -> BodyReader.read(exchange, Limits.REQUEST_BYTES_MAX, "a request", adminApi::transfer);
            case ELECTIONS -> electionApi.list(exchange);
            case ELECTION -> electionApi.one(exchange);
            default -> adminApi.answer(exchange, operation);
        }
    }

    /** The node has replied. */
    private void resume(Exchange exchange) {
        try {
            switch (exchange.operation()) {
                case GET_KEY -> keyApi.got(exchange);
                case PUT_KEY, DELETE_KEY, DELETE_RANGE -> keyApi.written(exchange);
                case LIST -> rangeApi.listed(exchange);
                case BATCH -> batchApi.ended(exchange);
                case TRANSFER -> adminApi.transferred(exchange);
                case ADD_MEMBER, REMOVE_MEMBER, PROMOTE_MEMBER -> membersApi.changed(exchange);
                default -> throw new AssertionError(exchange.operation());
            }
        } catch (RuntimeException unexpected) {
            exchange.fail(unexpected);
        }
    }

    CharSequence termText(long term) {
        if (term != termOfText) {
            termOfText = term;
            termText = HttpHeaders.createOptimized(Long.toString(term));
        }
        return termText;
    }

    CharSequence nodeText(NodeId node) {
        if (!node.equals(nodeOfText)) {
            nodeOfText = node;
            nodeText = HttpHeaders.createOptimized(node.toString());
        }
        return nodeText;
    }

    NodeStatus status() {
        return ports.node().status();
    }

    long nowMillis() {
        return System.nanoTime() / 1_000_000;
    }

    void record(@Nullable Operation operation, int status, long nanos) {
        HttpTimer timer = operation == null ? null : timers.get(operation);
        (timer == null ? otherTimer : timer).record(status, nanos);
    }

    /** Logs what nobody expected, and returns the id that it is logged under. */
    String logFailure(Throwable cause, HttpRequest request) {
        String id = UUID.randomUUID().toString();
        log.error("{}: {} {} failed", id, request.method(), request.uri(), cause);
        return id;
    }
}

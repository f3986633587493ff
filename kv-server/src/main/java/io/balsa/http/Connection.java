package io.balsa.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelOutboundInvoker;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.Handler;
import io.vertx.core.internal.buffer.BufferInternal;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection of HTTP/1.1. A client need not wait for an answer before it sends the next request (RFC 9112, 9.3.2): reads go
 * on beside reads, and writes of keys beside writes of keys, which the log keeps in the order in which they came. Whatever else
 * comes waits until all before it is answered, so the effect is that of one request after the other; only reads, which may be
 * done in any order, may see the state at moments in another order than theirs. Answers go out in the order of the requests.
 *
 * <p>Owned by one event loop. With its first write it moves to that of Raft's turns, where there is one and a place is free: there a
 * request reaches Raft, and the answer the socket, without another thread in between. It waits for the disk there, as its writes do.
 */
final class Connection extends ChannelInboundHandlerAdapter {
    /** How long a refused client may go on sending, so that it reads the refusal before the connection is reset. */
    private static final long LINGER_MILLIS = 2_000;

    /** Requests of the same kind may be under way side by side, but for others. */
    private enum Kind {
        READ,
        KEY_WRITE,
        OTHER
    }

    final ConnectionTimes times;
    private final Channel channel;
    /** Vert.x' own, at the end of the pipeline. */
    private final ChannelHandlerContext socket;

    /** Of the event loop that owns this. */
    private Dispatcher dispatcher;

    /** Where it has a place; the same, or about to be. */
    private @Nullable Dispatcher place;
    /** The way to the network: past Vert.x' own part, once that knows nothing of it any more. */
    private ChannelOutboundInvoker out;

    private final Handler<HttpObject> taking = this::takeOrKeep;
    private final Runnable flushing = this::flush;

    /** In the order in which they came. */
    private final ArrayDeque<Exchange> underWay = new ArrayDeque<>();
    /** Came behind a request that has to wait, beginning with that one. */
    private final ArrayDeque<HttpObject> waiting = new ArrayDeque<>();

    private Kind kindUnderWay = Kind.OTHER;
    /** The request whose body comes next. */
    private @Nullable Exchange arriving;
    /** Further requests are dropped: the connection ends behind an answer. */
    private boolean ending;

    private boolean shuttingDown;
    private boolean resuming;
    private boolean flushIsDue;
    private boolean closed;

    /** @param socket of the handler that Vert.x has put at the pipeline's end */
    Connection(Dispatcher dispatcher, ChannelHandlerContext socket, ConnectionTimes times) {
        this.dispatcher = dispatcher;
        this.socket = socket;
        this.channel = socket.channel();
        this.out = channel;
        this.times = times;
    }

    @Override
    public void channelRead(ChannelHandlerContext unused, Object message) {
        HttpObject object = (HttpObject) message;
        if (waiting.isEmpty()) {
            dispatcher.context.dispatch(object, taking);
        } else {
            waiting.add(object);
        }
    }

    private void takeOrKeep(HttpObject object) {
        Dispatcher other = object instanceof HttpRequest request ? betterFor(request) : null;
        if (other != null || !take(object)) {
            waiting.add(object);
            channel.config().setAutoRead(false);
        }
        if (other != null) {
            moveTo(other);
        }
    }

    /** Where the connection moves to before it takes the request; null: it stays. */
    private @Nullable Dispatcher betterFor(HttpRequest request) {
        boolean idle = underWay.isEmpty() && !flushIsDue && !ending && hasSentAll();
        return idle && (kindOf(request) == Kind.KEY_WRITE || isBatch(request)) ? dispatcher.placeAtRaft() : null;
    }

    private boolean hasSentAll() {
        ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
        return unsent != null && unsent.isEmpty();
    }

    private static boolean isBatch(HttpRequest request) {
        return request.decoderResult().isSuccess() && request.uri().equals(Operation.Route.BATCH.template);
    }

    /** Vert.x' own part cannot come along: to that the connection ends here. */
    private void moveTo(Dispatcher other) {
        dispatcher.leaves(this);
        place = other;
        out = channel.pipeline().context(this);
        try {
            ((ChannelInboundHandler) socket.handler()).channelInactive(socket);
        } catch (Exception failure) {
            throw new IllegalStateException("Vert.x cannot take the end of a connection", failure);
        }
        var unused = channel.deregister()
                .addListener(left -> other.context
                        .nettyEventLoop()
                        .register(channel)
                        .addListener(arrived -> {
                            dispatcher = other;
                            if (arrived.isSuccess()) {
                                other.joins(this);
                                other.context.dispatch(this, Connection::resume);
                            } else { // Closed between the two, which Netty tells nobody.
                                channel.pipeline().fireChannelInactive();
                            }
                        }));
    }

    /** Returns false when it has to wait. */
    private boolean take(HttpObject object) {
        if (object instanceof HttpRequest request) {
            Kind kind = kindOf(request);
            if (!underWay.isEmpty() && !goesWithThoseUnderWay(kind)) {
                return false;
            }
            if (!ending) {
                kindUnderWay = kind;
                begin(request);
            }
        } else if (object instanceof HttpContent content) {
            takeBody(content);
        }
        return true;
    }

    /** Not where the server would refuse it for the number of requests in flight: fewer will be. */
    private boolean goesWithThoseUnderWay(Kind kind) {
        return kind != Kind.OTHER
                && kind == kindUnderWay
                && underWay.size() < Limits.PIPELINED_REQUESTS_MAX
                && dispatcher.admission.hasRoom();
    }

    private static Kind kindOf(HttpRequest request) {
        if (request.decoderResult().isFailure() || request.headers().contains(HttpHeaderNames.EXPECT)) {
            return Kind.OTHER;
        }
        HttpMethod method = request.method();
        if (method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD)) {
            return Kind.READ;
        }
        boolean writes = method.equals(HttpMethod.PUT) || method.equals(HttpMethod.DELETE);
        return writes && request.uri().startsWith(Operation.Route.RANGE.template) ? Kind.KEY_WRITE : Kind.OTHER;
    }

    private void begin(HttpRequest request) {
        Exchange exchange = new Exchange(dispatcher, this, request, System.nanoTime());
        underWay.add(exchange);
        if (request.decoderResult().isFailure()) {
            exchange.arrived();
            dispatcher.handleInvalid(exchange);
            return;
        }
        arriving = exchange;
        if (!HttpUtil.isKeepAlive(request)) {
            exchange.ends = true;
            ending = true;
        }
        dispatcher.handle(exchange);
    }

    private void takeBody(HttpContent content) {
        Exchange exchange = arriving;
        if (exchange == null || content.decoderResult().isFailure()) {
            content.release();
            if (exchange != null) {
                close();
            }
            return;
        }
        if (content.content().isReadable()) {
            exchange.take(BufferInternal.safeBuffer(content.content()));
        } else {
            content.release();
        }
        if (content instanceof LastHttpContent) {
            arriving = null;
            exchange.arrived();
            if (exchange.ends && exchange.isSent()) {
                closeWhenSent();
            }
        }
    }

    /** Tells the client to go on; its request is the only one under way. */
    void sendContinue() {
        write(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
    }

    /** An exchange has its answer: sends what can be sent, in order, and goes on with what had to wait. */
    void answered(Exchange exchange) {
        ending |= exchange.ends;
        Exchange first = underWay.peek();
        while (first != null && first.answer() != null) {
            underWay.remove();
            send(first);
            first = underWay.peek();
        }
        if (shuttingDown && first == null) {
            closeWhenSent();
        }
        resume();
    }

    private void send(Exchange exchange) {
        write(exchange.takeAnswer());
        if (!exchange.ends) {
            return;
        }
        if (exchange.hasArrived()) {
            closeWhenSent();
        } else {
            var unused = channel.eventLoop().schedule(this::close, LINGER_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void write(FullHttpResponse response) {
        if (closed) {
            response.release();
            return;
        }
        var unused = out.write(response, channel.voidPromise());
        if (!flushIsDue) {
            flushIsDue = true;
            channel.eventLoop().execute(flushing); // Behind what else this loop is about to answer.
        }
    }

    private void flush() {
        flushIsDue = false;
        out.flush();
    }

    private void resume() {
        if (resuming) {
            return;
        }
        resuming = true;
        HttpObject next = waiting.poll();
        while (next != null) {
            if (!take(next)) {
                waiting.addFirst(next);
                break;
            }
            next = waiting.poll();
        }
        resuming = false;
        if (waiting.isEmpty() && !channel.config().isAutoRead()) {
            channel.config().setAutoRead(true);
        }
    }

    /** Answers what is under way, and closes. Any thread. */
    void shutDown() {
        channel.eventLoop().execute(this::shutDownNow);
    }

    private void shutDownNow() {
        shuttingDown = true;
        ending = true;
        if (underWay.isEmpty()) {
            closeWhenSent(); // The last answer may not have been flushed yet.
        }
    }

    /** The client has asked for far more than it reads. */
    boolean isFlooded() {
        return !channel.isWritable() && channel.bytesBeforeWritable() > Limits.UNREAD_ANSWER_BYTES_MAX;
    }

    boolean isClosed() {
        return closed;
    }

    /** Drops the connection. */
    void close() {
        var unused = out.close();
    }

    private void closeWhenSent() {
        var unused = out.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> close());
    }

    @Override
    public void channelInactive(ChannelHandlerContext handler) {
        if (closed) {
            return;
        }
        closed = true;
        waiting.forEach(ReferenceCountUtil::release);
        waiting.clear();
        Exchange half = arriving;
        if (half != null) {
            half.abandon();
        }
        if (place == null) {
            handler.fireChannelInactive();
        }
    }

    /** Its socket is closed, whatever else happened. */
    void ended() {
        dispatcher.disconnected(this);
        if (place != null) {
            place.placeIsFree();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext handler) {
        if (place == null) {
            handler.fireChannelReadComplete();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext handler) {
        if (place == null) {
            handler.fireChannelWritabilityChanged();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext handler, Object event) {
        if (place == null) {
            handler.fireUserEventTriggered(event);
        }
    }

    /** The client is gone, or sends what no decoder takes. */
    @Override
    public void exceptionCaught(ChannelHandlerContext handler, Throwable cause) {
        close();
    }
}

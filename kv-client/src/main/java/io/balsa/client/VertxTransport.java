package io.balsa.client;

import io.netty.channel.ConnectTimeoutException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * {@link HttpTransport} on the HTTP/1.1 client of Vert.x, with one event loop that runs nobody else's code unless it is
 * asked to: answers are handed to the client's few threads.
 *
 * <p>Each endpoint has a lane: a bounded number of exchanges run, the others wait in order, and one that is given up
 * meanwhile leaves without having asked for a connection. Who bounds the waiting is the caller. Nothing is repeated here.
 */
final class VertxTransport implements HttpTransport {
    /** More than the work needs: callers attach their own. */
    private static final int THREADS = 4;

    private static final int THREAD_IDLE_SECONDS = 30;

    /** Well below the servers' own patience with an idle connection, so that none is used as it is being closed. */
    private static final int CONNECTION_IDLE_SECONDS = 20;

    /** An answer is one page at most, and the servers keep pages far smaller. */
    private static final int ANSWER_BYTES_MAX = 64 << 20;

    private static final int CLOSE_SECONDS_MAX = 5;

    private final int connectionsPerEndpointMax;
    private final @Nullable ExecutorService ownThreads;
    private final Executor callbacks;
    private final Map<Endpoint, Lane> lanes = new ConcurrentHashMap<>();
    private final Set<VertxExchange> running = ConcurrentHashMap.newKeySet();
    private final Vertx vertx;
    private final Context loop;
    private final HttpClient client;
    private volatile @Nullable Thread loopThread;
    private volatile boolean closed;

    /** @param callbacks runs what waits for answers; null: threads of its own */
    VertxTransport(String name, Duration connectTimeout, int connectionsPerEndpointMax, @Nullable Executor callbacks) {
        this.connectionsPerEndpointMax = connectionsPerEndpointMax;
        ExecutorService own = callbacks == null ? newThreads(name) : null;
        this.ownThreads = own;
        this.callbacks = own == null ? Objects.requireNonNull(callbacks) : own;
        this.vertx = Vertx.vertx(new VertxOptions()
                .setUseDaemonThread(true)
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1)
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
        this.loop = vertx.getOrCreateContext();
        loop.runOnContext(begun -> loopThread = Thread.currentThread());
        this.client = vertx.createHttpClient(
                new HttpClientOptions()
                        .setConnectTimeout((int) Math.min(connectTimeout.toMillis(), Integer.MAX_VALUE))
                        .setKeepAliveTimeout(CONNECTION_IDLE_SECONDS),
                new PoolOptions().setHttp1MaxSize(connectionsPerEndpointMax));
    }

    private static ExecutorService newThreads(String name) {
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                THREAD_IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                new DaemonThreads(name));
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    @Override
    public boolean answersOn(Thread thread) {
        return thread == loopThread;
    }

    @Override
    public Exchange open(Endpoint endpoint, Request request) {
        return new VertxExchange(lanes.computeIfAbsent(endpoint, e -> new Lane(e)), request);
    }

    @Override
    public void close() {
        closed = true;
        running.forEach(VertxExchange::abort);
        try {
            vertx.close().toCompletionStage().toCompletableFuture().get(CLOSE_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException failure) {
            throw new IllegalStateException("Vert.x did not close", failure);
        } finally {
            if (ownThreads != null) {
                ownThreads.shutdown();
            }
        }
    }

    /** The exchanges with one endpoint. */
    private final class Lane {
        private final String host;
        private final int port;
        private final ArrayDeque<VertxExchange> waiting = new ArrayDeque<>();
        private int busy;

        Lane(Endpoint endpoint) {
            URI url = URI.create(endpoint.url());
            this.host = url.getHost();
            this.port = url.getPort();
        }

        void enter(VertxExchange exchange) {
            synchronized (this) {
                if (busy == connectionsPerEndpointMax) {
                    waiting.add(exchange);
                    return;
                }
                busy++;
            }
            exchange.send();
        }

        void leave() {
            VertxExchange next;
            synchronized (this) {
                do {
                    next = waiting.poll();
                } while (next != null && next.reply.isDone());
                if (next == null) {
                    busy--;
                    return;
                }
            }
            next.send();
        }

        RequestOptions options(Request request) {
            RequestOptions options = new RequestOptions()
                    .setHost(host)
                    .setPort(port)
                    .setMethod(HttpMethod.valueOf(request.method()))
                    .setURI(request.target());
            request.headers().forEach(options::putHeader);
            return options;
        }
    }

    /** One exchange. The server may see something from the moment on at which the body is made. */
    private final class VertxExchange implements Exchange {
        private final Lane lane;
        private final Request request;
        private final CompletableFuture<Reply> reply = new CompletableFuture<>();

        // Guarded by this.
        private boolean maybeSent;
        private @Nullable String givenUp; // Why.
        private @Nullable HttpClientRequest sent;

        VertxExchange(Lane lane, Request request) {
            this.lane = lane;
            this.request = request;
        }

        @Override
        public void start() {
            lane.enter(this);
        }

        void send() {
            running.add(this);
            try {
                // All that follows happens there, so that no part of an answer comes before somebody listens for it.
                loop.runOnContext(start -> connect());
            } catch (RejectedExecutionException ended) {
                ended(null, new TransportException("closed", false, null));
            }
        }

        private void connect() {
            if (closed) {
                ended(null, new TransportException("closed", false, null));
                return;
            }
            client.request(lane.options(request)).onComplete(this::write, failure -> ended(null, failure));
        }

        /** A connection is there. */
        private void write(HttpClientRequest connected) {
            byte[] body;
            String why;
            synchronized (this) {
                why = givenUp;
                body = why == null ? bodyOrNull() : null;
                maybeSent = body != null;
                sent = connected;
            }
            // What fails comes to the answer's future as well; without this, giving up would be logged as an error.
            connected.exceptionHandler(told -> {});
            if (body == null) {
                String because = why == null ? "no body" : why;
                // Whoever gave up may have read already that nothing was sent; so it must stay.
                connected.reset().onComplete(done -> ended(null, new TransportException(because, false, null)));
                return;
            }
            connected.response().onComplete(this::read, failure -> ended(null, failure));
            if (body.length > 0
                    || request.method().equals("PUT")
                    || request.method().equals("POST")) {
                var unused = connected.end(Buffer.buffer(body));
            } else {
                var unused = connected.end();
            }
        }

        private byte @Nullable [] bodyOrNull() {
            try {
                return request.body().get();
            } catch (RuntimeException broken) {
                reply.completeExceptionally(new TransportException("no body: " + broken.getMessage(), false, broken));
                return null;
            }
        }

        private void read(HttpClientResponse response) {
            Buffer body = Buffer.buffer();
            response.handler(chunk -> {
                if (body.length() + (long) chunk.length() <= ANSWER_BYTES_MAX) {
                    body.appendBuffer(chunk);
                } else {
                    abort("the answer is longer than " + ANSWER_BYTES_MAX + " bytes");
                }
            });
            response.end().onComplete(end -> ended(replyOf(response, body), null), failure -> ended(null, failure));
        }

        private void ended(@Nullable Reply answer, @Nullable Throwable failure) {
            running.remove(this);
            lane.leave();
            if (reply.isDone()) {
                return;
            }
            try {
                // Not on the event loop, unless it is wanted: one caller's code that blocks would hold up every other
                // call.
                callbacks.execute(() -> complete(answer, failure));
            } catch (RejectedExecutionException closing) {
                complete(answer, failure);
            }
        }

        private void complete(@Nullable Reply answer, @Nullable Throwable failure) {
            if (answer != null) {
                reply.complete(answer);
            } else {
                reply.completeExceptionally(new TransportException(reason(failure), maybeSent(), failure));
            }
        }

        @Override
        public CompletableFuture<Reply> reply() {
            return reply;
        }

        @Override
        public synchronized boolean maybeSent() {
            return maybeSent;
        }

        @Override
        public void abort() {
            abort("given up");
        }

        @Override
        public boolean abortUnsent(String why) {
            synchronized (this) {
                if (maybeSent || reply.isDone()) {
                    return false;
                }
                givenUp = why;
            }
            // Whoever waits for a connection finds out when it is there, at this very moment perhaps: then it ends
            // there.
            reply.completeExceptionally(new TransportException(why, false, null));
            return true;
        }

        private void abort(String why) {
            HttpClientRequest open;
            synchronized (this) {
                givenUp = why;
                open = sent;
            }
            // Not under the lock: this runs the code of those who wait.
            boolean first = reply.completeExceptionally(new TransportException(why, maybeSent(), null));
            if (first && open != null) {
                var unused = open.reset();
            }
        }
    }

    private static Reply replyOf(HttpClientResponse response, Buffer body) {
        return new Reply(
                response.statusCode(),
                orEmpty(response.getHeader("Location")),
                orEmpty(response.getHeader("Retry-After")),
                body.getBytes());
    }

    private static String orEmpty(@Nullable String header) {
        return header == null ? "" : header;
    }

    /** In a few words; the exception's own are often none. */
    private static String reason(@Nullable Throwable failure) {
        if (failure instanceof ConnectTimeoutException) {
            return "no connection in time";
        }
        if (failure instanceof ConnectException) {
            return "connection refused";
        }
        if (failure instanceof UnknownHostException) {
            return "unknown host";
        }
        String message = failure == null ? null : failure.getMessage();
        return message == null ? String.valueOf(failure) : message;
    }
}

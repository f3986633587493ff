package io.balsa.client;

import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@link HttpTransport} on the JDK's HTTP client, kept to HTTP/1.1.
 *
 * <p>The JDK's client opens a connection for every exchange that finds none idle, without limit. So each endpoint has a
 * lane here: a bounded number of exchanges run, the others wait in order. Who bounds the waiting is the caller.
 *
 * <p>The JDK's client repeats a request by itself only when the connection could not be made, and GETs that were met by
 * a connection closing; neither can apply a write twice.
 */
final class JdkTransport implements HttpTransport {
    /** More than the work needs: names are looked up on these threads too, and that can hang for seconds. */
    private static final int THREADS = 4;

    private static final int IDLE_SECONDS = 30;

    /** An answer is one page at most, and the servers keep pages far smaller. */
    private static final int ANSWER_BYTES_MAX = 64 << 20;

    private final int connectionsPerEndpointMax;
    private final ExecutorService executor;
    private final Map<Endpoint, Lane> lanes = new ConcurrentHashMap<>();
    private final Set<JdkExchange> running = ConcurrentHashMap.newKeySet();
    /** Null after {@link #close}: before Java 21 the JDK ends its selector thread only once nobody holds the client. */
    private volatile @Nullable HttpClient client;

    JdkTransport(String name, Duration connectTimeout, int connectionsPerEndpointMax) {
        this.connectionsPerEndpointMax = connectionsPerEndpointMax;
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                new DaemonThreads(name + "-http"));
        threads.allowCoreThreadTimeOut(true);
        this.executor = threads;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(connectTimeout)
                .executor(executor)
                .build();
    }

    @Override
    public Exchange open(Endpoint endpoint, Request request) {
        return new JdkExchange(lanes.computeIfAbsent(endpoint, e -> new Lane()), endpoint, request);
    }

    @Override
    public void close() {
        HttpClient closing = client;
        client = null;
        running.forEach(JdkExchange::abort);
        if (closing instanceof AutoCloseable closeable) {
            try {
                closeable.close();
            } catch (Exception e) {
                throw new IllegalStateException("the JDK's HTTP client did not close", e);
            }
        }
        executor.shutdown();
    }

    /** The exchanges with one endpoint. */
    private final class Lane {
        private final ArrayDeque<JdkExchange> waiting = new ArrayDeque<>();
        private int busy;

        void enter(JdkExchange exchange) {
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
            JdkExchange next;
            synchronized (this) {
                do {
                    next = waiting.poll();
                } while (next != null && next.reply.isDone());
                if (next == null) {
                    busy--;
                    return;
                }
            }
            try {
                // Not from here: a row of exchanges that fail at once would nest one in the other.
                executor.execute(next::send);
            } catch (RejectedExecutionException closed) {
                next.send();
            }
        }
    }

    /**
     * One exchange, and the publisher of its body. The JDK asks the publisher for the length once the connection stands
     * and before it writes the first byte, since the length is in the header: that is the moment from which on the
     * server may see something.
     */
    private final class JdkExchange implements Exchange, BodyPublisher {
        private final Lane lane;
        private final HttpRequest request;
        private final Supplier<byte[]> bodySource;
        private final CompletableFuture<Reply> reply = new CompletableFuture<>();

        // Guarded by this.
        private boolean maybeSent;
        private boolean givenUp;
        private byte @Nullable [] body;
        private @Nullable CompletableFuture<HttpResponse<byte[]>> response;

        JdkExchange(Lane lane, Endpoint endpoint, Request request) {
            this.lane = lane;
            this.bodySource = request.body();
            HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(endpoint.url() + request.target()))
                    .method(request.method(), this);
            request.headers().forEach(builder::setHeader);
            this.request = builder.build();
        }

        @Override
        public void start() {
            lane.enter(this);
        }

        void send() {
            CompletableFuture<HttpResponse<byte[]>> started;
            synchronized (this) {
                HttpClient open = client;
                if (open == null || givenUp) {
                    started = CompletableFuture.failedFuture(new TransportException("closed", false, null));
                } else {
                    running.add(this);
                    started = open.sendAsync(request, info -> new BoundedBody(ANSWER_BYTES_MAX));
                    response = started;
                }
            }
            // Not where the JDK completes it: on its common pool, which has one thread on two cores, so that code
            // of one caller that blocks would hold up every other call.
            var unused = started.whenCompleteAsync(this::ended, executor);
        }

        private void ended(@Nullable HttpResponse<byte[]> answer, @Nullable Throwable failure) {
            running.remove(this);
            lane.leave();
            if (answer != null) {
                reply.complete(replyOf(answer));
            } else {
                reply.completeExceptionally(new TransportException(reason(failure), maybeSent(), failure));
            }
        }

        @Override
        public long contentLength() {
            return body().length;
        }

        private synchronized byte[] body() {
            if (givenUp) {
                // Whoever gave up may have read already that nothing was sent; so it must stay.
                throw new CancellationException("given up before it was sent");
            }
            byte[] made = body == null ? bodySource.get() : body;
            body = made;
            maybeSent = true;
            return made;
        }

        @Override
        public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
            byte[] made = body();
            (made.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(made)).subscribe(subscriber);
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
            CompletableFuture<HttpResponse<byte[]>> started;
            synchronized (this) {
                givenUp = true;
                started = response;
            }
            // Not under the lock: this runs the code of those who wait.
            boolean first = reply.completeExceptionally(new TransportException("given up", maybeSent(), null));
            if (first && started != null) {
                started.cancel(true);
            }
        }
    }

    private static Reply replyOf(HttpResponse<byte[]> answer) {
        return new Reply(
                answer.statusCode(),
                answer.headers().firstValue("Location").orElse(""),
                answer.headers().firstValue("Retry-After").orElse(""),
                answer.body());
    }

    /** In a few words; the exception's own are often none. */
    private static String reason(@Nullable Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof HttpConnectTimeoutException) {
            return "no connection in time";
        }
        if (cause instanceof ConnectException) {
            return cause.getCause() instanceof UnresolvedAddressException ? "unknown host" : "connection refused";
        }
        String message = cause == null ? "cancelled" : cause.getMessage();
        return message == null ? String.valueOf(cause) : message;
    }
}

package io.balsa.benchmarks.jmh;

import io.balsa.benchmarks.load.Keys;
import io.balsa.http.DialBack;
import io.balsa.http.HttpApi;
import io.balsa.http.HttpConfig;
import io.balsa.http.HttpPorts;
import io.balsa.http.LeaderTransfer;
import io.balsa.metrics.Metrics;
import io.balsa.metrics.StoreSizes;
import io.balsa.node.Room;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * HTTP requests to responses within one process: a real socket and the real API, in front of a node that applies at once.
 * One operation is a burst of {@code pipelined} requests on one connection and all of their answers.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class HttpBenchmark {
    private static final int READ_BYTES = 1 << 16;
    private static final long WAIT_SECONDS = 20;

    @Param({"1", "16"})
    public int pipelined;

    private @Nullable Vertx vertx;
    private @Nullable Metrics metrics;
    private @Nullable Socket socket;
    private byte[] puts = new byte[0];
    private byte[] gets = new byte[0];
    private final byte[] answers = new byte[READ_BYTES];

    @Setup(Level.Trial)
    public void open() throws Exception {
        vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        Metrics meters = new Metrics();
        metrics = meters;
        InstantNode node = new InstantNode();
        meters.node(node::status);
        HttpApi api = new HttpApi(
                HttpConfig.localhost(0),
                new HttpPorts(
                        node,
                        (target, timeoutMillis, reply) -> reply.accept(new LeaderTransfer.Answer.NoTarget("alone")),
                        (id, address, timeoutMillis, reply) -> reply.accept(new DialBack.Answer.Unusable("alone")),
                        id -> null,
                        meters,
                        List::of,
                        () -> 0,
                        () -> new StoreSizes(0, 0, 0, 0),
                        Room.PLENTY,
                        Long.MAX_VALUE,
                        0,
                        "benchmark",
                        "benchmark"));
        int port = api.start(vertx, 1).toCompletionStage().toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS);
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        String value = StandardCharsets.US_ASCII.decode(Samples.value()).toString();
        String path = "/v1/kv/" + Keys.text(42);
        String put = "PUT " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + value.length() + "\r\n\r\n"
                + value;
        String get = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        puts = put.repeat(pipelined).getBytes(StandardCharsets.US_ASCII);
        exchange(puts);
        gets = get.repeat(pipelined).getBytes(StandardCharsets.US_ASCII);
    }

    @TearDown(Level.Trial)
    public void close() throws Exception {
        if (socket != null && vertx != null && metrics != null) {
            socket.close();
            vertx.close().toCompletionStage().toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS);
            metrics.close();
        }
    }

    @Benchmark
    public int put() throws IOException {
        return exchange(puts);
    }

    @Benchmark
    public int get() throws IOException {
        return exchange(gets);
    }

    private int exchange(byte[] requests) throws IOException {
        Socket open = socket;
        if (open == null) {
            throw new IllegalStateException("not open");
        }
        OutputStream out = open.getOutputStream();
        out.write(requests);
        InputStream in = open.getInputStream();
        return AnswerCounter.read(in, answers, pipelined);
    }
}

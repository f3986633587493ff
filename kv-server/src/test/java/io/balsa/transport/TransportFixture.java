package io.balsa.transport;

import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.balsa.node.Shortage;
import io.balsa.raft.Envelope;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import io.vertx.core.Vertx;
import io.vertx.core.net.HostAndPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.slf4j.LoggerFactory;

/** Transports of several servers on the loopback, what came out of them, and what they logged. */
abstract class TransportFixture {
    static final NodeId N1 = new NodeId(1);
    static final NodeId N2 = new NodeId(2);
    static final NodeId N3 = new NodeId(3);
    static final String LOOPBACK = "127.0.0.1";

    final Vertx vertx = Vertx.vertx();
    final SortedMap<NodeId, HostAndPort> addresses = new TreeMap<>();
    final List<Server> servers = new ArrayList<>();
    final LogLines logLines = new LogLines();

    /** A transport and what came out of it. */
    final class Server {
        final NodeId id;
        final TcpTransport transport;
        final Queue<Envelope> received = new ConcurrentLinkedQueue<>();
        final Queue<NodeId> closed = new ConcurrentLinkedQueue<>();
        final Queue<Greeting> met = new ConcurrentLinkedQueue<>();
        final int port;

        volatile @Nullable Shortage shortage;

        Server(NodeId id, String clusterId) throws IOException {
            this.id = id;
            TransportConfig config = new TransportConfig(
                    id,
                    clusterId,
                    "data-" + id,
                    Objects.requireNonNull(addresses.get(id)).toString(),
                    "http://" + id,
                    Objects.requireNonNull(addresses.get(id)),
                    addresses,
                    Map.of());
            transport =
                    new TcpTransport(vertx, config, received::addAll, closed::add, met::add, () -> 0, () -> shortage);
            servers.add(this);
            port = get(transport.start());
        }

        void send(NodeId to, long term) {
            send(List.of(new Envelope(id, to, new Message.TimeoutNow(term))));
        }

        /** On its thread; returns when that has been done. */
        void send(List<Envelope> turn) {
            CompletableFuture.runAsync(() -> transport.send(turn), transport.thread())
                    .join();
        }

        void awaitConnected(NodeId... peers) {
            for (NodeId peer : peers) {
                await().pollInterval(Duration.ofMillis(2)).until(() -> transport.isConnectedTo(peer));
            }
        }
    }

    static final class LogLines extends AppenderBase<ILoggingEvent> {
        final Queue<String> lines = new ConcurrentLinkedQueue<>();

        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage());
        }
    }

    static <T> T get(io.vertx.core.Future<T> future) throws IOException {
        try {
            return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException failed) {
            throw new IOException(failed.getCause());
        } catch (InterruptedException | java.util.concurrent.TimeoutException late) {
            throw new AssertionError(late);
        }
    }

    static HostAndPort freeAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return HostAndPort.create(LOOPBACK, socket.getLocalPort());
        }
    }

    @BeforeEach
    void drawAddresses() throws IOException {
        addresses.put(N1, freeAddress());
        addresses.put(N2, freeAddress());
        logLines.start();
        ((Logger) LoggerFactory.getLogger(TcpTransport.class)).addAppender(logLines);
    }

    @AfterEach
    void closeAll() throws IOException {
        for (Server server : servers) {
            get(server.transport.close());
        }
        get(vertx.close());
        ((Logger) LoggerFactory.getLogger(TcpTransport.class)).detachAppender(logLines);
    }

    Hello helloToFirst(NodeId from) {
        return new Hello(from, N1, "home", "data-raw", "", "http://raw", "", 0, false, "");
    }

    static List<Long> terms(Queue<Envelope> received, NodeId from) {
        return received.stream()
                .filter(envelope -> envelope.from().equals(from))
                .map(envelope -> envelope.message().term())
                .toList();
    }

    static void awaitLast(Server server, NodeId from, long term) {
        await().pollInterval(Duration.ofMillis(5))
                .until(() -> terms(server.received, from).contains(term));
    }
}

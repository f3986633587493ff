package io.balsa.http;

import io.balsa.node.SocketFailure;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.shareddata.LocalMap;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP door of one server: {@link #start} opens it on as many event loops as are asked for, all on one port;
 * {@link #stop} closes it after the requests in flight are answered. Thread-safe.
 */
public final class HttpApi {
    private static final String OPENAPI = "/openapi.yaml";
    private static final long SWEEP_MILLIS_MAX = 1_000;
    private static final long STOP_SECONDS = 10;

    private final HttpConfig config;
    private final HttpPorts ports;
    private final Admission admission;
    private final AtomicInteger connections = new AtomicInteger();
    private final Buffer openApi;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    private volatile int port;
    private volatile @Nullable Dispatcher atRaft;

    public HttpApi(HttpConfig config, HttpPorts ports) {
        this.config = config;
        this.ports = ports;
        this.port = config.port();
        this.admission = new Admission(config.inFlightRequestsMax(), config.inFlightBytesMax());
        this.openApi = resource(OPENAPI);
        ports.metrics().http(connections::get, admission::requests, admission::bytes);
    }

    private static Buffer resource(String name) {
        try (InputStream stream = HttpApi.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException(name + " is not on the class path");
            }
            return Buffer.buffer(stream.readAllBytes());
        } catch (IOException unreadable) {
            throw new IllegalStateException(unreadable);
        }
    }

    /** Has connections that write served on the event loop of Raft's turns. Before {@link #start}. */
    public void servesWritesOn(Context raft) {
        Dispatcher dispatcher = new Dispatcher(raft, config, ports, admission, connections, openApi, null);
        raft.runOnContext(nothing -> sweepNowAndThen(raft.owner(), dispatcher));
        atRaft = dispatcher;
    }

    /** Listens on {@code instances} event loops. The future has the port once all of them do, or says why not. */
    public Future<Integer> start(Vertx vertx, int instances) {
        SocketAddress address = address(vertx);
        return vertx.deployVerticle(() -> new Opening(address), new DeploymentOptions().setInstances(instances))
                .map(id -> port)
                .recover(failure -> Future.failedFuture(new IOException(
                        "cannot listen for clients on " + config.host() + ":" + port + ": "
                                + SocketFailure.reason(failure)
                                + "; is another server running there, or is the address not of this machine?",
                        failure)));
    }

    /** The port that it listens on, once it does. */
    public int port() {
        return port;
    }

    /** An event loop with a port of its own would serve nobody, and be noticed by nobody. */
    private synchronized void listensOn(int actualPort) {
        if (port != 0 && port != actualPort) {
            throw new IllegalStateException("event loops listen on two ports, " + port + " and " + actualPort);
        }
        port = actualPort;
    }

    /** Refuses further requests, and completes when those in flight are answered, or after 10 s. */
    public Future<Void> stop() {
        List<Future<Void>> stopped =
                new ArrayList<>(listeners.stream().map(Listener::shutDown).toList());
        Dispatcher further = atRaft;
        if (further != null) {
            stopped.add(further.shutDown(STOP_SECONDS));
        }
        return Future.join(stopped).mapEmpty();
    }

    /**
     * The same for all event loops, or Vert.x does not let them share the socket. Where any port will do, the first of
     * them binds it, and they find each other by a number, which Vert.x takes for the address of one socket: so each API
     * of a {@code vertx} draws another one.
     */
    private SocketAddress address(Vertx vertx) {
        if (config.port() != 0) {
            return SocketAddress.inetSocketAddress(config.port(), config.host());
        }
        LocalMap<String, Integer> drawn = vertx.sharedData().getLocalMap(HttpApi.class.getName());
        return SocketAddress.sharedRandomPort(drawn.merge("random ports", 1, Integer::sum), config.host());
    }

    /** Of {@code dispatcher}'s event loop. */
    private void sweepNowAndThen(Vertx vertx, Dispatcher dispatcher) {
        long shortest = Math.min(config.headMillisMax(), Math.min(config.bodyMillisMax(), config.idleMillisMax()));
        long period = Math.max(10, Math.min(SWEEP_MILLIS_MAX, shortest / 4));
        vertx.setPeriodic(period, timer -> dispatcher.sweep());
    }

    private static NetServerOptions options() {
        return new NetServerOptions().setTcpNoDelay(true).setAcceptBacklog(1024).setReuseAddress(true);
    }

    /** One event loop's share of the connections. */
    private record Listener(Context context, NetServer server, Dispatcher dispatcher) {
        Future<Void> shutDown() {
            context.runOnContext(nothing -> dispatcher.stop());
            return server.shutdown(STOP_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** Opens a {@link Listener} on the event loop that Vert.x gives it. */
    private final class Opening extends VerticleBase {
        private final SocketAddress address;

        Opening(SocketAddress address) {
            this.address = address;
        }

        @Override
        public Future<?> start() {
            Dispatcher dispatcher = new Dispatcher(context, config, ports, admission, connections, openApi, atRaft);
            NetServer server = vertx.createNetServer(options()).connectHandler(dispatcher::connected);
            sweepNowAndThen(vertx, dispatcher);
            return server.listen(address).map(listening -> {
                listensOn(listening.actualPort());
                return listeners.add(new Listener(context, server, dispatcher));
            });
        }
    }
}

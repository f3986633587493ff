package io.balsa.transport;

import io.balsa.node.Room;
import io.balsa.node.Shortage;
import io.balsa.node.SocketFailure;
import io.balsa.node.Transport;
import io.balsa.raft.Envelope;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The network to the other servers over TCP, on one event loop, which is also Raft's {@link #thread}: what arrives is
 * read, and what is sent written, without another thread in between. {@link #start}, then {@link #send} on that thread,
 * at last {@link #close}; all else is thread-safe.
 *
 * <p><b>When a peer's process is gone.</b> {@code connectionClosed} is called once for each established connection that the
 * peer opened to this server and that then closed: its process died, or its machine said goodbye. It is a hint that nothing
 * will come from that peer, so a follower of it need not wait for its election timer. Only the <em>accepted</em> connection
 * counts, not the one that this server dialled: it is the one that the peer's heartbeats come on, so its end is exactly the
 * end of those; a dying process closes both, and to watch one of them is to report it once. Not reported are connections that
 * this server closed itself, be it at its own shutdown, because a newer one of the same peer replaced them or because their
 * bytes were malformed. A peer whose machine loses power or whose network is cut closes nothing: for that there is the
 * election timer.
 */
public final class TcpTransport implements Transport {
    static final int CONNECT_TIMEOUT_MILLIS = 1000;

    private static final Logger LOG = LoggerFactory.getLogger(TcpTransport.class);

    private final Vertx vertx;
    private final TransportConfig config;
    private final Consumer<List<Envelope>> incoming;
    private final Consumer<NodeId> connectionClosed;
    private final Consumer<Greeting> met;
    private final LongSupplier lastLogIndex;
    private final QuietLog log = new QuietLog(LOG);
    private final Counters counters = new Counters();
    private final Map<NodeId, Hello> hellos = new ConcurrentHashMap<>();

    /** The one event loop that all sockets, timers and mutable state here belong to. */
    private final Context context;

    private final NetServer server;
    private final NetClient client;
    private final Acceptor acceptor;
    /** Changed on the event loop only. */
    private final ConcurrentSkipListMap<NodeId, PeerConnection> connections = new ConcurrentSkipListMap<>();

    private final SplittableRandom random = new SplittableRandom();
    /** Servers that are connected to this one, whether or not its membership knows them. */
    private final SortedMap<NodeId, HostAndPort> visitors = new TreeMap<>();
    /** Peers that this server dials only because they dial it: were that mutual, it would never end. */
    private final Set<NodeId> dialledBack = new TreeSet<>();

    private volatile Membership membership = Membership.NONE;
    private boolean listening;

    /**
     * Nothing is opened before {@link #start}.
     *
     * @param incoming called on an event loop with the messages of one read, all from one peer; must return quickly
     * @param connectionClosed see above; called on an event loop
     * @param met told who is there, each time a connection is established in either direction; called on an event loop
     * @param lastLogIndex this server's, about
     * @param room this server's, told to the peers
     */
    public TcpTransport(
            Vertx vertx,
            TransportConfig config,
            Consumer<List<Envelope>> incoming,
            Consumer<NodeId> connectionClosed,
            Consumer<Greeting> met,
            LongSupplier lastLogIndex,
            Room room) {
        this.vertx = vertx;
        this.config = config;
        this.incoming = incoming;
        this.connectionClosed = connectionClosed;
        this.met = met;
        this.lastLogIndex = lastLogIndex;
        this.context = vertx.getOrCreateContext();
        this.server = vertx.createNetServer(new NetServerOptions()
                .setHost(config.bind().host())
                .setPort(config.bind().port())
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true)
                .setReuseAddress(true));
        this.client = vertx.createNetClient(new NetClientOptions()
                .setConnectTimeout(CONNECT_TIMEOUT_MILLIS)
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true));
        this.acceptor = new Acceptor(vertx, config.self(), this::helloTo, room, new Arrivals(), counters, log);
    }

    /** This server's hello to {@code peer}. */
    private Hello helloTo(NodeId peer) {
        Member known = membership.member(peer);
        return new Hello(
                config.self(),
                peer,
                config.clusterId(),
                config.dataDirectoryId(),
                config.raftAddress(),
                config.httpUrl(),
                known == null ? "" : known.directoryId(),
                lastLogIndex.getAsLong(),
                !ownPeers().containsKey(peer),
                "");
    }

    /** Connections to the members follow. Any thread, but one call at a time. */
    @Override
    public void membership(Membership now) {
        membership = now; // At once, also for the next hello.
        context.runOnContext(go -> connectToPeers());
    }

    /**
     * Who is dialled, and where: the members, or before the membership is known those whom this server was told to meet; and
     * whoever dials this one, since it waits for answers.
     */
    private SortedMap<NodeId, HostAndPort> peers() {
        SortedMap<NodeId, HostAndPort> peers = new TreeMap<>(visitors);
        peers.putAll(ownPeers());
        return peers;
    }

    private SortedMap<NodeId, HostAndPort> ownPeers() {
        SortedMap<NodeId, HostAndPort> peers = new TreeMap<>();
        Membership known = membership;
        if (known.isEmpty()) {
            peers.putAll(config.peers());
        }
        for (Member member : known.members()) {
            HostAndPort address = config.dialled(member);
            if (address != null) {
                peers.put(member.id(), address);
            }
        }
        peers.remove(config.self());
        return peers;
    }

    private void connectToPeers() {
        if (!listening) {
            return;
        }
        SortedMap<NodeId, HostAndPort> peers = peers();
        SortedMap<NodeId, HostAndPort> own = ownPeers();
        connections.entrySet().removeIf(connection -> {
            NodeId peer = connection.getKey();
            // Whether it only dials back is said in the hello, so a change of that takes a new connection.
            boolean leaves = !connection.getValue().address().equals(peers.get(peer))
                    || dialledBack.contains(peer) == own.containsKey(peer);
            if (leaves) {
                dialledBack.remove(peer);
                connection.getValue().close();
            }
            return leaves;
        });
        peers.forEach((peer, address) -> {
            if (!connections.containsKey(peer)) {
                PeerConnection connection = new PeerConnection(
                        vertx, client, peer, () -> helloTo(peer), address, this::learn, counters, log, random.split());
                connections.put(peer, connection);
                if (!own.containsKey(peer)) {
                    dialledBack.add(peer);
                }
                connection.dialNow();
            }
        });
    }

    /**
     * Dials {@code address} to see whether {@code node} is there and belongs to this cluster. Fails with an IOException whose
     * message can be shown to an operator.
     */
    public Future<Greeting> probe(NodeId node, HostAndPort address, long timeoutMillis) {
        Promise<Greeting> found = Promise.promise();
        context.runOnContext(go -> new Probe(vertx, client, helloTo(node), address)
                .run(timeoutMillis)
                .onComplete(found));
        return found.future();
    }

    /**
     * Listens and dials every peer. Completes with the port that is listened on; fails with an IOException whose message can
     * be shown to an operator.
     */
    public Future<Integer> start() {
        Promise<Integer> started = Promise.promise();
        context.runOnContext(go -> server.connectHandler(acceptor::accept)
                .listen()
                .onComplete(bound -> {
                    if (bound.failed()) {
                        Throwable cause = bound.cause();
                        started.fail(new IOException(
                                "cannot listen for other servers on " + config.bind() + ": "
                                        + SocketFailure.reason(cause)
                                        + "; is another server running there, or is the address not of this machine?",
                                cause));
                        return;
                    }
                    listening = true;
                    connectToPeers();
                    started.complete(server.actualPort());
                }));
        return started.future();
    }

    /** Never blocks. Messages to one peer leave in the order of the calls; what cannot be sent now is dropped and counted. */
    @Override
    public void send(List<Envelope> envelopes) {
        boolean waiting = false;
        for (Envelope envelope : envelopes) {
            PeerConnection connection = connections.get(envelope.to());
            if (connection == null) {
                counters.messagesDropped.increment();
            } else {
                waiting |= connection.offer(envelope);
            }
        }
        if (waiting) {
            for (PeerConnection connection : connections.values()) {
                connection.drain();
            }
        }
    }

    /** The event loop that all sockets and timers here belong to, for Raft's turns. */
    public ScheduledExecutorService thread() {
        return ((ContextInternal) context).nettyEventLoop();
    }

    /** The same, for connections of others that shall be served beside Raft's turns. */
    public Context context() {
        return context;
    }

    /** Where the peer's HTTP API is reached, as its last hello said; null before the first one. Thread-safe. */
    public @Nullable String httpUrlOf(NodeId peer) {
        Hello hello = hellos.get(peer);
        return hello == null ? null : hello.httpUrl();
    }

    /** The identity of the peer's data directory, as its last hello said; null before the first one. Thread-safe. */
    public @Nullable String dataDirectoryIdOf(NodeId peer) {
        Hello hello = hellos.get(peer);
        return hello == null ? null : hello.dataDirectoryId();
    }

    /** This server's connection to {@code peer} stands at the moment. Thread-safe. */
    public boolean isConnectedTo(NodeId peer) {
        PeerConnection connection = connections.get(peer);
        return connection != null && connection.isEstablished();
    }

    /** What the peer is short of, as far as this server knows; null: nothing, or it is not connected. Thread-safe. */
    public @Nullable Shortage shortageOf(NodeId peer) {
        PeerConnection connection = connections.get(peer);
        return connection == null ? null : connection.shortage();
    }

    /** The counters as of now. Thread-safe. */
    public TransportStats stats() {
        int connected = 0;
        long bytesQueued = 0;
        for (PeerConnection connection : connections.values()) {
            connected += connection.isEstablished() ? 1 : 0;
            bytesQueued += connection.bytesQueued();
        }
        return counters.snapshot(connected, bytesQueued);
    }

    /** Stops to listen and closes every connection; no loss is reported for them. Completes when all is closed. */
    public Future<Void> close() {
        Promise<Void> closed = Promise.promise();
        context.runOnContext(go -> {
            listening = false;
            acceptor.close();
            connections.values().forEach(PeerConnection::close);
            Future.join(server.close(), client.close()).<Void>mapEmpty().onComplete(closed);
        });
        return closed.future();
    }

    private void learn(Hello hello) {
        met.accept(hello.greeting());
        Hello before = hellos.put(hello.from(), hello);
        if (before != null && !before.dataDirectoryId().equals(hello.dataDirectoryId())) {
            log.warn(
                    "data directory " + hello.from(),
                    hello.from() + " came back with another data directory: '" + hello.dataDirectoryId() + "', was '"
                            + before.dataDirectoryId() + "'");
        }
    }

    /** What comes in by accepted connections. */
    private final class Arrivals implements Acceptor.Listener {
        @Override
        public void connected(Hello hello) {
            learn(hello);
            HostAndPort address = HostAndPort.parseAuthority(hello.raftAddress(), -1);
            if (address != null && address.port() > 0 && !hello.dialsBack()) {
                visitors.put(hello.from(), address);
            } else {
                visitors.remove(hello.from());
            }
            connectToPeers();
            PeerConnection connection = connections.get(hello.from());
            if (connection != null) {
                connection.dialNow();
            }
        }

        @Override
        public void disconnected(NodeId peer) {
            visitors.remove(peer);
            connectToPeers();
            connectionClosed.accept(peer);
        }

        @Override
        public void receive(List<Envelope> envelopes) {
            incoming.accept(envelopes);
        }
    }
}

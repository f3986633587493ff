package io.balsa.transport;

import io.balsa.node.Room;
import io.balsa.raft.NodeId;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetSocket;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The connections that others opened to this server: at most one established per peer, the newest, and at most {@link
 * #GREETING_MAX} that have not said who they are. When there are more of those, the oldest must go: a peer says hello in its
 * first packet, so only strangers grow old here. Owned by the event loop.
 */
final class Acceptor {
    static final int GREETING_MAX = 64;

    /** A server takes anyone of its cluster: who belongs to it may be news to this one. */
    static final int ESTABLISHED_MAX = 128;

    private final Vertx vertx;
    private final NodeId self;
    private final Function<NodeId, Hello> hellos;
    private final Room room;
    private final Listener listener;
    private final Counters counters;
    private final QuietLog log;

    private final Set<AcceptedConnection> greeting = new LinkedHashSet<>();
    private final SortedMap<NodeId, AcceptedConnection> established = new TreeMap<>();
    private boolean closed;

    /** Told what happens on accepted connections. */
    interface Listener extends AcceptedConnection.Receiver {
        /** The peer has opened a connection and proved who it is. */
        void connected(Hello hello);

        /** The peer's established connection was closed, not by this server, and no newer one had replaced it. */
        void disconnected(NodeId peer);
    }

    /**
     * @param hellos this server's to a peer
     * @param room this server's own; told to whoever pings
     */
    Acceptor(
            Vertx vertx,
            NodeId self,
            Function<NodeId, Hello> hellos,
            Room room,
            Listener listener,
            Counters counters,
            QuietLog log) {
        this.vertx = vertx;
        this.self = self;
        this.hellos = hellos;
        this.room = room;
        this.listener = listener;
        this.counters = counters;
        this.log = log;
    }

    /** Takes in a connection that was just accepted. */
    void accept(NetSocket socket) {
        if (closed) {
            Wire.abort(socket);
            return;
        }
        if (greeting.size() == GREETING_MAX) {
            Iterator<AcceptedConnection> oldest = greeting.iterator();
            AcceptedConnection evicted = oldest.next();
            oldest.remove();
            refuse(evicted, "more than " + GREETING_MAX + " connections have not said hello");
        }
        AcceptedConnection connection = new AcceptedConnection(vertx, socket, this);
        greeting.add(connection);
        connection.start();
    }

    /** Judges a hello; null: welcome, from now on this is the peer's connection. */
    @Nullable
    String judge(AcceptedConnection connection, Hello hello) {
        String reason = helloTo(hello.from()).mismatch(hello);
        if (reason == null && hello.from().equals(self)) {
            reason = "this server is " + self + " itself";
        }
        if (reason == null && established.size() >= ESTABLISHED_MAX && !established.containsKey(hello.from())) {
            reason = "more than " + ESTABLISHED_MAX + " servers are connected to " + self;
        }
        if (reason != null) {
            return reason;
        }
        greeting.remove(connection);
        counters.accepts.increment();
        AcceptedConnection replaced = established.put(hello.from(), connection);
        if (replaced != null) {
            replaced.close();
        }
        return null;
    }

    /** The answer to {@code hello} has been written. */
    void welcomed(Hello hello) {
        listener.connected(hello);
    }

    NodeId self() {
        return self;
    }

    Hello helloTo(NodeId peer) {
        return hellos.apply(peer);
    }

    AcceptedConnection.Receiver receiver() {
        return listener;
    }

    Room room() {
        return room;
    }

    Counters counters() {
        return counters;
    }

    /** Closes a connection that has not been welcomed. */
    void refuse(AcceptedConnection connection, String reason) {
        greeting.remove(connection);
        counters.refusals.increment();
        log.warn("refused " + connection.host(), "refused a connection from " + connection.address() + ": " + reason);
        connection.close();
    }

    /** Closes a connection whose bytes make no sense. */
    void malformed(AcceptedConnection connection, @Nullable NodeId peer, String reason) {
        greeting.remove(connection);
        if (peer != null) {
            established.remove(peer, connection);
        }
        counters.malformedFrames.increment();
        log.warn(
                "malformed " + connection.host(),
                "closed the connection from " + (peer == null ? "" : peer + " at ") + connection.address()
                        + ": malformed bytes: " + reason);
        connection.close();
    }

    /** The other end closed {@code connection}, or the network did. */
    void lost(AcceptedConnection connection, @Nullable NodeId peer) {
        greeting.remove(connection);
        if (peer != null && established.remove(peer, connection)) {
            counters.losses.increment();
            log.info("lost " + peer, "the connection from " + peer + " at " + connection.address() + " was closed");
            listener.disconnected(peer);
        }
    }

    void close() {
        closed = true;
        List<AcceptedConnection> all = new ArrayList<>(greeting);
        all.addAll(established.values());
        greeting.clear();
        established.clear();
        all.forEach(AcceptedConnection::close);
    }
}

package io.balsa.transport;

import io.balsa.node.Shortage;
import io.balsa.raft.Envelope;
import io.balsa.raft.NodeId;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One connection that another server opened to this one: answers its hello and its pings, and passes on its messages, those
 * of one read together. Owned by the event loop.
 */
final class AcceptedConnection {
    private final Vertx vertx;
    private final NetSocket socket;
    private final Acceptor acceptor;
    private final FrameReader reader = new FrameReader(Hello.LENGTH_MAX);
    private final String address;
    private @Nullable NodeId peer;
    private String directoryId = "";
    private boolean closedHere;
    private long helloTimer;

    /** Takes in messages. */
    interface Receiver {
        /** Messages of one peer to this server, in the order in which they were sent. Must return quickly. */
        void receive(List<Envelope> envelopes);
    }

    AcceptedConnection(Vertx vertx, NetSocket socket, Acceptor acceptor) {
        this.vertx = vertx;
        this.socket = socket;
        this.acceptor = acceptor;
        this.address = String.valueOf(socket.remoteAddress());
    }

    /** Where the other end is, as host and port. */
    String address() {
        return address;
    }

    String host() {
        return socket.remoteAddress() == null ? address : socket.remoteAddress().host();
    }

    void start() {
        helloTimer = vertx.setTimer(
                PeerConnection.HELLO_TIMEOUT_MILLIS,
                late -> acceptor.refuse(this, "no hello within " + PeerConnection.HELLO_TIMEOUT_MILLIS + " ms"));
        socket.exceptionHandler(failure -> {
            // The close handler follows.
        });
        socket.closeHandler(closed -> {
            vertx.cancelTimer(helloTimer);
            if (!closedHere) {
                closedHere = true;
                acceptor.lost(this, peer);
            }
        });
        socket.handler(this::read);
    }

    private void read(Buffer chunk) {
        if (closedHere) {
            return;
        }
        List<Envelope> envelopes = new ArrayList<>();
        try {
            reader.add(chunk);
            for (ByteBuffer frame = reader.next(); frame != null && !closedHere; frame = reader.next()) {
                if (peer == null) {
                    greet(Hello.decode(frame));
                } else if (isPing(frame)) {
                    pong();
                } else {
                    envelopes.add(new Envelope(peer, directoryId, acceptor.self(), MessageCodec.decode(frame)));
                }
            }
        } catch (MalformedFrameException malformed) {
            acceptor.malformed(this, peer, String.valueOf(malformed.getMessage()));
        } catch (RefusedException refused) {
            // Of another version, so who it is is not known; it reads no further than the refusal.
            Hello answer = acceptor.helloTo(acceptor.self());
            sendAway(answer.refusing(answer.to(), String.valueOf(refused.getMessage())));
        }
        if (!envelopes.isEmpty()) {
            acceptor.counters().messagesReceived.add(envelopes.size());
            acceptor.receiver().receive(envelopes);
        }
    }

    private void greet(Hello hello) {
        String refusal = acceptor.judge(this, hello);
        Hello answer = acceptor.helloTo(hello.from());
        if (refusal != null) {
            sendAway(answer.refusing(hello.from(), refusal));
            return;
        }
        vertx.cancelTimer(helloTimer);
        peer = hello.from();
        directoryId = hello.dataDirectoryId();
        reader.lengthMax(Frame.LENGTH_MAX);
        Wire.write(socket, Hello.LENGTH_MAX + Frame.PREFIX_BYTES, answer::encode);
        acceptor.welcomed(hello);
    }

    /** Nothing more is read, and the close waits for the answer, or there would be none. */
    private void sendAway(Hello refusing) {
        closedHere = true;
        Wire.write(socket, Hello.LENGTH_MAX + Frame.PREFIX_BYTES, refusing::encode)
                .onComplete(written -> acceptor.refuse(this, refusing.refusal()));
    }

    private static boolean isPing(ByteBuffer frame) {
        int at = frame.position();
        return frame.remaining() == 2 && frame.get(at) == Frame.VERSION && frame.get(at + 1) == Frame.PING;
    }

    private void pong() {
        if (!socket.writeQueueFull()) {
            Shortage own = acceptor.room().shortage();
            Wire.write(socket, Frame.HEADER_BYTES + Frame.PONG_BYTES, out -> {
                int start = Frame.begin(out, Frame.PONG);
                out.writeByte(own == null ? 0 : own.kind().number);
                out.writeLong(own == null ? 0 : own.limit());
                out.writeLong(own == null ? 0 : own.actual());
                Frame.end(out, start);
            });
        }
    }

    /** Closes it from this end: no loss is reported. */
    void close() {
        closedHere = true;
        vertx.cancelTimer(helloTimer);
        Wire.abort(socket);
    }
}

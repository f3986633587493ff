package io.balsa.transport;

import io.balsa.node.SocketFailure;
import io.balsa.raft.NodeId;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Dials an address once, to see who is there, and hangs up. Owned by the event loop. */
final class Probe {
    private final Vertx vertx;
    private final NetClient client;
    private final Hello hello;
    private final HostAndPort address;
    private final Promise<Greeting> found = Promise.promise();

    Probe(Vertx vertx, NetClient client, Hello hello, HostAndPort address) {
        this.vertx = vertx;
        this.client = client;
        this.hello = hello;
        this.address = address;
    }

    /** Fails with an IOException whose message can be shown to an operator. */
    Future<Greeting> run(long timeoutMillis) {
        long timer = vertx.setTimer(
                timeoutMillis,
                late -> fail("nothing answered at " + address + " within " + timeoutMillis
                        + " ms; is the server running, and reachable from here?"));
        client.connect(address.port(), address.host()).onComplete(connected -> {
            if (connected.failed()) {
                fail("cannot connect to " + address + ": " + SocketFailure.reason(connected.cause()));
            } else if (found.future().isComplete()) {
                Wire.abort(connected.result());
            } else {
                greet(connected.result());
            }
        });
        return found.future().onComplete(done -> vertx.cancelTimer(timer));
    }

    private void greet(NetSocket socket) {
        FrameReader reader = new FrameReader(Hello.LENGTH_MAX);
        found.future().onComplete(done -> Wire.abort(socket));
        socket.exceptionHandler(failure -> {
            // The close handler follows.
        });
        socket.closeHandler(closed -> fail(address + " closed the connection; is a Balsa server there?"));
        socket.handler(chunk -> answer(reader, chunk));
        Wire.write(socket, Hello.LENGTH_MAX + Frame.PREFIX_BYTES, hello::encode);
    }

    private void answer(FrameReader reader, Buffer chunk) {
        try {
            reader.add(chunk);
            ByteBuffer frame = reader.next();
            if (frame != null) {
                judge(Hello.decode(frame));
            }
        } catch (MalformedFrameException | RefusedException strange) {
            fail("what answers at " + address + " is not to be used: " + strange.getMessage());
        }
    }

    private void judge(Hello answer) {
        NodeId looked = hello.to();
        if (!answer.clusterId().equals(hello.clusterId())) {
            fail(answer.from() + " at " + address + " belongs to cluster '" + answer.clusterId() + "', not to '"
                    + hello.clusterId() + "'");
        } else if (!answer.from().equals(looked)) {
            fail(answer.from() + " is at " + address + ", not " + looked);
        } else if (!answer.refusal().isEmpty()) {
            fail(looked + " at " + address + " refuses: " + answer.refusal());
        } else {
            found.tryComplete(answer.greeting());
        }
    }

    private void fail(String reason) {
        found.tryFail(new IOException(reason));
    }
}

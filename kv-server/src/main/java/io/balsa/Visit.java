package io.balsa;

import io.balsa.http.DialBack;
import io.balsa.raft.NodeId;
import io.balsa.transport.Greeting;
import io.balsa.transport.TcpTransport;
import io.vertx.core.net.HostAndPort;
import java.util.function.Consumer;

/** Looks at a server before it is taken in: it must be there, of this cluster, and empty. */
final class Visit implements DialBack {
    private final TcpTransport transport;

    Visit(TcpTransport transport) {
        this.transport = transport;
    }

    @Override
    public void dial(NodeId node, String address, long timeoutMillis, Consumer<Answer> reply) {
        HostAndPort dialled = HostAndPort.parseAuthority(address, -1);
        if (dialled == null || dialled.port() <= 0) {
            reply.accept(new Answer.Unusable("'" + address + "' does not look like 10.0.0.4:9081"));
            return;
        }
        transport
                .probe(node, dialled, timeoutMillis)
                .onSuccess(found -> reply.accept(judge(node, address, found)))
                .onFailure(failure -> reply.accept(new Answer.Unusable(String.valueOf(failure.getMessage()))));
    }

    private static Answer judge(NodeId node, String address, Greeting found) {
        return found.lastLogIndex() == 0
                ? new Answer.Found(found.directoryId())
                : new Answer.Unusable(node + " at " + address + " holds a log of " + found.lastLogIndex()
                        + " entries; start it with an empty data directory");
    }
}

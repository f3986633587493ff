package io.balsa.transport;

import io.balsa.raft.NodeId;
import io.vertx.core.net.HostAndPort;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a transport needs to know.
 *
 * @param clusterId the name that all servers of the cluster share; another one is refused
 * @param dataDirectoryId drawn when this server's data directory was created
 * @param httpUrl where this server's HTTP API is reached; told to the peers
 * @param bind where to listen; port 0 picks a free one
 * @param peers where the other servers listen; host names are resolved at each attempt to connect. An entry for {@code
 *     self} is ignored
 */
public record TransportConfig(
        NodeId self,
        String clusterId,
        String dataDirectoryId,
        String httpUrl,
        HostAndPort bind,
        SortedMap<NodeId, HostAndPort> peers) {

    public TransportConfig {
        TreeMap<NodeId, HostAndPort> others = new TreeMap<>(peers);
        others.remove(self);
        peers = Collections.unmodifiableSortedMap(others);
    }

    /** This server's hello to {@code peer}. */
    Hello helloTo(NodeId peer) {
        return new Hello(self, peer, clusterId, dataDirectoryId, httpUrl, "");
    }
}

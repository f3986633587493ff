package io.balsa.transport;

import io.balsa.raft.Member;
import io.balsa.raft.NodeId;
import io.vertx.core.net.HostAndPort;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a transport needs to know.
 *
 * @param clusterId the name that all servers of the cluster share; another one is refused
 * @param dataDirectoryId drawn when this server's data directory was created
 * @param raftAddress where the peers reach this server, host and port
 * @param httpUrl where this server's HTTP API is reached; told to the peers
 * @param bind where to listen; port 0 picks a free one
 * @param peers where the other servers listen that are to be met before the membership is known; host names are resolved at each attempt to connect. An entry for {@code
 *     self} is ignored
 * @param firstAddresses what the cluster's first membership said of them; empty when it is not known
 */
public record TransportConfig(
        NodeId self,
        String clusterId,
        String dataDirectoryId,
        String raftAddress,
        String httpUrl,
        HostAndPort bind,
        SortedMap<NodeId, HostAndPort> peers,
        Map<NodeId, String> firstAddresses) {

    /**
     * Where to dial a member: where this server was told at its start, else where the membership says. A member that has moved
     * since the first membership has left the place that was told.
     */
    @Nullable
    HostAndPort dialled(Member member) {
        String first = firstAddresses.get(member.id());
        HostAndPort told = peers.get(member.id());
        if (told != null && (first == null || first.equals(member.address()))) {
            return told;
        }
        HostAndPort address = HostAndPort.parseAuthority(member.address(), -1);
        return address == null || address.port() <= 0 ? null : address;
    }

    public TransportConfig {
        TreeMap<NodeId, HostAndPort> others = new TreeMap<>(peers);
        others.remove(self);
        peers = Collections.unmodifiableSortedMap(others);
        firstAddresses = Collections.unmodifiableSortedMap(new TreeMap<>(firstAddresses));
    }
}

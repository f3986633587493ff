package io.balsa;

import io.balsa.node.Compaction;
import io.balsa.node.Timeouts;
import io.balsa.raft.NodeId;
import io.balsa.storage.Space;
import io.vertx.core.net.HostAndPort;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How one server is set up.
 *
 * @param clusterId the name that all its servers share, so that two clusters never mix
 * @param http where clients are served; port 0 picks a free one
 * @param httpUrl where clients reach this server, told to the other servers for their redirects
 * @param raft where the other servers are listened for
 * @param raftAddress where the other servers reach this one, host and port
 * @param join the cluster exists already: wait until its leader makes contact
 * @param peers where every server of a new cluster, this one included, listens for the others
 * @param readLeases whether this server pledges itself to leaders, and serves reads by lease when it leads
 * @param scrub read and check all of the store at the start
 * @param logMapBytes address space for the log, which is the most that it can grow to
 * @param stateMapBytes the same for the state
 * @param slowCommitMillis a commit of the log that takes longer is logged
 * @param space what the state may take, and what must stay free
 * @param compaction when the log is cut
 * @param snapshotBytesPerSecond at which this server sends snapshots, to all followers together
 */
public record ServerConfig(
        NodeId id,
        String clusterId,
        Path dataDirectory,
        HostAndPort http,
        String httpUrl,
        HostAndPort raft,
        HostAndPort raftAddress,
        boolean join,
        SortedMap<NodeId, HostAndPort> peers,
        Timeouts timeouts,
        boolean readLeases,
        boolean scrub,
        long logMapBytes,
        long stateMapBytes,
        Space.Limits space,
        Compaction.Limits compaction,
        long snapshotBytesPerSecond,
        long slowCommitMillis) {

    public ServerConfig {
        peers = Collections.unmodifiableSortedMap(new TreeMap<>(peers));
        if (!peers.containsKey(id)) {
            throw new IllegalArgumentException(id + " is not among the servers of the cluster, " + peers.keySet());
        }
    }
}

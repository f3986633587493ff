package io.balsa.transport;

import io.balsa.raft.NodeId;

/**
 * What another server said of itself when it was met.
 *
 * @param directoryId of its data directory
 * @param raftAddress where it listens for other servers, host and port
 * @param expects the data directory that it takes this server's to be; empty: it knows of none
 * @param lastLogIndex 0: its log is empty
 */
public record Greeting(
        NodeId from,
        String clusterId,
        String directoryId,
        String raftAddress,
        String httpUrl,
        String expects,
        long lastLogIndex) {}

package io.balsa.metrics;

/** What has gone between this server and its peers since it started, all peers together. */
public record TransportTotals(
        long messagesSent,
        long bytesSent,
        long messagesReceived,
        long bytesReceived,
        long messagesDropped,
        long connects,
        long losses,
        long refusals,
        int peersConnected) {}

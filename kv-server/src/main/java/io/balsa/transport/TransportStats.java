package io.balsa.transport;

/**
 * What a transport has done since it was created; every number only grows, but for the last two.
 *
 * @param messagesSent handed to a connection; whether they arrived is not known
 * @param bytesSent of those messages' frames
 * @param messagesDropped not sent: no connection, or too much waiting for that peer. Raft sends again
 * @param connects connections dialled whose hello was answered
 * @param connectFailures attempts to dial that failed or were refused
 * @param accepts connections accepted whose hello was good
 * @param refusals connections accepted and closed: wrong cluster, unknown server, no hello in time, or too many at once
 * @param malformedFrames connections closed because of bytes that no Balsa server sends
 * @param losses connections that were established and then lost, in either direction
 * @param peersConnected how many peers can be sent to at the moment
 * @param bytesQueued waiting to be sent to all peers at the moment
 */
public record TransportStats(
        long messagesSent,
        long bytesSent,
        long messagesReceived,
        long bytesReceived,
        long messagesDropped,
        long connects,
        long connectFailures,
        long accepts,
        long refusals,
        long malformedFrames,
        long losses,
        int peersConnected,
        long bytesQueued) {}

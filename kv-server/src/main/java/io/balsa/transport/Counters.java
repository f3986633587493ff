package io.balsa.transport;

import java.util.concurrent.atomic.LongAdder;

/** The numbers behind {@link TransportStats}. Thread-safe. */
final class Counters {
    final LongAdder messagesSent = new LongAdder();
    final LongAdder bytesSent = new LongAdder();
    final LongAdder messagesReceived = new LongAdder();
    final LongAdder bytesReceived = new LongAdder();
    final LongAdder messagesDropped = new LongAdder();
    final LongAdder connects = new LongAdder();
    final LongAdder connectFailures = new LongAdder();
    final LongAdder accepts = new LongAdder();
    final LongAdder refusals = new LongAdder();
    final LongAdder malformedFrames = new LongAdder();
    final LongAdder losses = new LongAdder();

    TransportStats snapshot(int peersConnected, long bytesQueued) {
        return new TransportStats(
                messagesSent.sum(),
                bytesSent.sum(),
                messagesReceived.sum(),
                bytesReceived.sum(),
                messagesDropped.sum(),
                connects.sum(),
                connectFailures.sum(),
                accepts.sum(),
                refusals.sum(),
                malformedFrames.sum(),
                losses.sum(),
                peersConnected,
                bytesQueued);
    }
}

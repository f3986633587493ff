package io.balsa.raft;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The leader's linearizable reads on their way (thesis §6.4). A read notes the commit index when it comes in, and is
 * confirmed by a majority's answers to a heartbeat that was sent later: then nobody else led at that moment. One round
 * of heartbeats confirms all reads that came before it.
 */
final class PendingReads {
    /** A read, and who asked for it. */
    record Read(NodeId from, long id, long readIndex) {}

    private record Waiting(Read read, long round) {}

    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private boolean roundWanted;
    private long round;

    /** The number of the last heartbeat round; grows by one for each that confirms reads. */
    long round() {
        return round;
    }

    void add(Read read) {
        waiting.add(new Waiting(read, round + 1));
        roundWanted = true;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    boolean roundWanted() {
        return roundWanted;
    }

    /** The heartbeats that are sent from now on confirm all reads so far. */
    void startRound() {
        round++;
        roundWanted = false;
    }

    /** Takes the reads that a majority's answers to {@code confirmedRound} confirm. */
    List<Read> confirmed(long confirmedRound) {
        List<Read> confirmed = new ArrayList<>();
        while (!waiting.isEmpty() && waiting.peek().round() <= confirmedRound) {
            confirmed.add(waiting.remove().read());
        }
        return confirmed;
    }
}

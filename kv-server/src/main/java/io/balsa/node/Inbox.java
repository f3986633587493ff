package io.balsa.node;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the next turn: many threads put in, one takes all at once. Bounded twice, so that a flood of requests
 * leaves room for the other servers' messages.
 */
final class Inbox {
    private final int requestsMax;
    private final int messagesMax;
    private List<Input> inputs = new ArrayList<>();
    private int requests;
    private int messages;
    private boolean takerWaits;
    private long settledIndex;
    private boolean closed;

    Inbox(int requestsMax, int messagesMax) {
        this.requestsMax = requestsMax;
        this.messagesMax = messagesMax;
    }

    /** A client's request; null: taken, else why not. */
    synchronized @Nullable Refusal request(Input input) {
        if (closed) {
            return Refusal.STOPPING;
        }
        if (requests >= requestsMax) {
            return Refusal.BUSY;
        }
        requests++;
        add(input, true);
        return null;
    }

    /** Messages of other servers; when there are too many they are lost, which Raft expects of a network. */
    synchronized boolean message(Input input) {
        return message(input, true);
    }

    /**
     * The same for an acknowledgement of the log up to {@code index}. One that brings nothing about, as the taker said, is not
     * worth a turn of its own: it is taken with the next input, or at the next tick.
     */
    synchronized boolean acknowledgement(Input input, long index) {
        return message(input, index != settledIndex);
    }

    private boolean message(Input input, boolean wake) {
        if (closed || messages >= messagesMax) {
            return false;
        }
        messages++;
        add(input, wake);
        return true;
    }

    /** What this server's own threads report of work that the loop gave them: as little as that, and never lost. */
    synchronized void report(Input input) {
        if (!closed) {
            add(input, true);
        }
    }

    private void add(Input input, boolean wake) {
        inputs.add(input);
        if (wake && takerWaits) {
            takerWaits = false;
            notifyAll();
        }
    }

    /**
     * Takes everything; waits up to {@code nanos} for something to come in. Returns an empty list after that.
     *
     * @param settled an acknowledgement of this index does not end the wait
     */
    synchronized List<Input> take(long nanos, long settled) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        long left = nanos;
        settledIndex = settled;
        takerWaits = inputs.isEmpty();
        while (takerWaits && left > 0 && !closed) {
            // Rounded up: waiting 0 ms would wait for ever, and 0.4 ms would spin.
            wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left + 999_999)));
            left = deadline - System.nanoTime();
        }
        takerWaits = false;
        List<Input> taken = inputs;
        inputs = new ArrayList<>(Math.max(16, taken.size()));
        requests = 0;
        messages = 0;
        return taken;
    }

    /** Nothing comes in any more; what is there can still be taken. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    synchronized int requests() {
        return requests;
    }
}

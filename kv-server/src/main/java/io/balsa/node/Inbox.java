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
    private static final long NONE = -1;

    private final int requestsMax;
    private final int messagesMax;
    private List<Input> inputs = new ArrayList<>();
    private int requests;
    private int messages;
    private boolean takerWaits;

    /** What the taker needs no more acknowledgements of. */
    private long settledIndex = NONE;

    /** What all that waits here acknowledges; {@link #NONE} when there is anything else. */
    private long acknowledgedIndex = NONE;

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
        add(input, NONE);
        return null;
    }

    /** Messages of other servers; when there are too many they are lost, which Raft expects of a network. */
    synchronized boolean message(Input input) {
        return message(input, NONE);
    }

    /**
     * The same for an acknowledgement of the log up to {@code index}. One that brings nothing about, as the taker says, is taken
     * with the next input, or when the taker has waited long enough.
     */
    synchronized boolean acknowledgement(Input input, long index) {
        return message(input, index);
    }

    private boolean message(Input input, long acknowledged) {
        if (closed || messages >= messagesMax) {
            return false;
        }
        messages++;
        add(input, acknowledged);
        return true;
    }

    /** What this server's own threads report of work that the loop gave them: as little as that, and never lost. */
    synchronized void report(Input input) {
        if (!closed) {
            add(input, NONE);
        }
    }

    private void add(Input input, long acknowledged) {
        acknowledgedIndex = inputs.isEmpty() || acknowledged == acknowledgedIndex ? acknowledged : NONE;
        inputs.add(input);
        if (takerWaits && hasNews()) {
            takerWaits = false;
            notifyAll();
        }
    }

    private boolean hasNews() {
        return !inputs.isEmpty() && (acknowledgedIndex == NONE || acknowledgedIndex != settledIndex);
    }

    /**
     * Takes everything; waits up to {@code nanos} for something to come in. Returns an empty list after that.
     *
     * @param settled acknowledgements of this index are not worth a turn; -1: all are
     */
    synchronized List<Input> take(long nanos, long settled) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        long left = nanos;
        settledIndex = settled;
        takerWaits = !hasNews();
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

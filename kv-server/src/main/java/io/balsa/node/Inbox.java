package io.balsa.node;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the next turn: many threads put in, one takes all at once. Bounded twice, so that a flood of requests
 * leaves room for the other servers' messages.
 */
final class Inbox {
    private static final long NONE = -1;

    private final int requestsMax;
    private final int messagesMax;
    private final Runnable wake;
    private List<Input> inputs = new ArrayList<>();
    private int requests;
    private int messages;

    /** From its being woken to the end of its turn: what comes meanwhile is for {@link #turned} to judge. */
    private boolean awake;

    /** What the taker needs no more acknowledgements of. */
    private long settledIndex = NONE;

    /** What all that waits here acknowledges; {@link #NONE} when there is anything else. */
    private long acknowledgedIndex = NONE;

    private boolean closed;

    /** @param wake called once when there is news and no turn under way; must return quickly */
    Inbox(int requestsMax, int messagesMax, Runnable wake) {
        this.requestsMax = requestsMax;
        this.messagesMax = messagesMax;
        this.wake = wake;
    }

    /** A client's request; null: taken, else why not. */
    @Nullable
    Refusal request(Input input) {
        boolean news;
        synchronized (this) {
            if (closed) {
                return Refusal.STOPPING;
            }
            if (requests >= requestsMax) {
                return Refusal.BUSY;
            }
            requests++;
            news = add(input, NONE);
        }
        wakeIf(news);
        return null;
    }

    /** Messages of other servers; when there are too many they are lost, which Raft expects of a network. */
    boolean message(Input input) {
        return message(input, NONE);
    }

    /**
     * The same for an acknowledgement of the log up to {@code index}. One that brings nothing about, as the taker says, is taken
     * with the next input.
     */
    boolean acknowledgement(Input input, long index) {
        return message(input, index);
    }

    private boolean message(Input input, long acknowledged) {
        boolean news;
        synchronized (this) {
            if (closed || messages >= messagesMax) {
                return false;
            }
            messages++;
            news = add(input, acknowledged);
        }
        wakeIf(news);
        return true;
    }

    /** What this server's own threads report of work that the loop gave them: as little as that, and never lost. */
    void report(Input input) {
        boolean news;
        synchronized (this) {
            news = !closed && add(input, NONE);
        }
        wakeIf(news);
    }

    private boolean add(Input input, long acknowledged) {
        acknowledgedIndex = inputs.isEmpty() || acknowledged == acknowledgedIndex ? acknowledged : NONE;
        inputs.add(input);
        return wakes();
    }

    private boolean wakes() {
        boolean wakes = !awake && hasNews();
        awake |= wakes;
        return wakes;
    }

    private boolean hasNews() {
        return !inputs.isEmpty() && (acknowledgedIndex == NONE || acknowledgedIndex != settledIndex);
    }

    /** Outside of the lock: to wake a thread is a call of the kernel. */
    private void wakeIf(boolean news) {
        if (news) {
            wake.run();
        }
    }

    /** Takes everything, in the order in which it came; {@link #turned} follows. */
    synchronized List<Input> take() {
        List<Input> taken = inputs;
        inputs = new ArrayList<>(Math.max(16, taken.size()));
        requests = 0;
        messages = 0;
        awake = true;
        return taken;
    }

    /**
     * The turn for what was taken is over.
     *
     * @param settled acknowledgements of this index are not worth a turn from now on; -1: all are
     */
    void turned(long settled) {
        boolean news;
        synchronized (this) {
            settledIndex = settled;
            awake = false;
            news = wakes();
        }
        wakeIf(news);
    }

    /** Nothing comes in any more; what is there can still be taken. */
    synchronized void close() {
        closed = true;
    }
}

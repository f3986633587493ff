package io.balsa.transport;

import io.balsa.raft.Envelope;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be sent to one peer, bounded in bytes. A message counts until the network has taken it, so a peer that does not
 * read holds at most {@link #BYTES_MAX}. Owned by the event loop, but for {@link #bytes} (any thread).
 */
final class Outbox {
    static final long BYTES_MAX = 16L << 20;

    /** What a message costs in memory besides its frame: an estimate, so that small ones are bounded too. */
    private static final int OVERHEAD_BYTES = 200;

    private final Queue<Waiting> queue = new ArrayDeque<>();
    private final AtomicLong bytes = new AtomicLong();

    /** @param frameBytes at most; what to reserve for the frame */
    record Waiting(Envelope envelope, int frameBytes) {
        long costBytes() {
            return (long) frameBytes + OVERHEAD_BYTES;
        }
    }

    /** False, and nothing happened, when there is no room. */
    boolean offer(Envelope envelope) {
        Waiting waiting = new Waiting(envelope, MessageCodec.frameBytesMax(envelope.message()));
        if (bytes.get() + waiting.costBytes() > BYTES_MAX) {
            return false;
        }
        bytes.addAndGet(waiting.costBytes());
        queue.add(waiting);
        return true;
    }

    @Nullable
    Waiting peek() {
        return queue.peek();
    }

    /** Takes the first one out; its bytes still count until {@link #release}. */
    @Nullable
    Waiting poll() {
        return queue.poll();
    }

    /** The network has taken, or dropped, messages of this cost. */
    void release(long costBytes) {
        bytes.addAndGet(-costBytes);
    }

    /** Forgets what was not taken out; returns how many messages that were. */
    int clear() {
        int dropped = 0;
        for (Waiting waiting = queue.poll(); waiting != null; waiting = queue.poll()) {
            release(waiting.costBytes());
            dropped++;
        }
        return dropped;
    }

    long bytes() {
        return bytes.get();
    }
}

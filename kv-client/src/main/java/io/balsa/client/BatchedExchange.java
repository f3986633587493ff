package io.balsa.client;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One operation's part in what its {@link BatchLane} sends: it waits, then it goes alone or with others. Thread-safe.
 * Giving up is certain to leave nothing behind until the moment when the request's body is made: what was given up before
 * is left out of it.
 */
final class BatchedExchange implements HttpTransport.Exchange {
    /** One request that carries several operations. */
    interface Carrier {
        /** One of its operations was given up. */
        void abandoned();
    }

    final Operation<?> operation;
    final BatchForm form;
    private final BatchLane lane;
    private final CompletableFuture<HttpTransport.Reply> reply = new CompletableFuture<>();

    // Guarded by this.
    private boolean givenUp;
    private boolean written;
    private HttpTransport.@Nullable Exchange alone;
    private @Nullable Carrier carrier;

    BatchedExchange(BatchLane lane, Operation<?> operation, BatchForm form) {
        this.lane = lane;
        this.operation = operation;
        this.form = form;
    }

    @Override
    public void start() {
        lane.enter(this);
    }

    synchronized boolean isGivenUp() {
        return givenUp;
    }

    /** It goes by itself; false when it does not, since it was given up. */
    synchronized boolean goesAlone(HttpTransport.Exchange request) {
        carrier = null;
        written = false;
        alone = givenUp ? null : request;
        return !givenUp;
    }

    /** It goes in {@code others}; false when it does not, since it was given up. */
    synchronized boolean goesWith(Carrier others) {
        carrier = others;
        return !givenUp;
    }

    /** It waits again: the server did nothing with it, and said so. */
    synchronized void waits() {
        carrier = null;
        written = false;
    }

    /** Writes it into the request that is about to be sent; false and nothing written when it was given up. */
    synchronized boolean writeTo(JsonBytes json) {
        if (givenUp) {
            return false;
        }
        written = true;
        form.writeTo(json);
        return true;
    }

    void end(HttpTransport.@Nullable Reply answer, @Nullable Throwable failure) {
        if (answer != null) {
            reply.complete(answer);
        } else {
            reply.completeExceptionally(failure == null ? new TransportException("cancelled", true, null) : failure);
        }
    }

    @Override
    public CompletableFuture<HttpTransport.Reply> reply() {
        return reply;
    }

    @Override
    public boolean maybeSent() {
        HttpTransport.Exchange request;
        synchronized (this) {
            request = alone;
            if (request == null) {
                return written;
            }
        }
        return request.maybeSent();
    }

    @Override
    public void abort() {
        HttpTransport.Exchange request;
        Carrier others;
        synchronized (this) {
            if (givenUp) {
                return;
            }
            givenUp = true;
            request = alone;
            others = carrier;
        }
        // Not under the lock: this runs the code of those who wait.
        if (request != null) {
            request.abort();
        }
        boolean first = reply.completeExceptionally(new TransportException("given up", maybeSent(), null));
        if (first && others != null) {
            others.abandoned();
        }
    }

    @Override
    public boolean abortUnsent(String why) {
        HttpTransport.Exchange request;
        Carrier others;
        synchronized (this) {
            request = alone;
            others = carrier;
            if (request == null) {
                if (written || givenUp) {
                    return false;
                }
                givenUp = true;
            }
        }
        if (request != null) {
            return request.abortUnsent(why);
        }
        boolean first = reply.completeExceptionally(new TransportException(why, false, null));
        if (first && others != null) {
            others.abandoned();
        }
        return first;
    }
}

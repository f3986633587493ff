package io.balsa.http;

import io.vertx.core.Context;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries answered requests from the Raft thread to one event loop. They are chained through
 * {@link Exchange#nextReply}, newest first; the thread that finds the chain empty wakes the event loop, so the many
 * replies of one turn cost one wake-up and no allocation. Offered by any thread, drained by the loop.
 */
final class ReplyQueue {
    private final AtomicReference<@Nullable Exchange> newest = new AtomicReference<>();
    private final Context context;
    private final Consumer<Exchange> sink;

    /** {@code sink} gets every offered request, in order, on the event loop of {@code context}. */
    ReplyQueue(Context context, Consumer<Exchange> sink) {
        this.context = context;
        this.sink = sink;
    }

    void offer(Exchange exchange) {
        Exchange before;
        do {
            before = newest.get();
            exchange.nextReply = before;
        } while (!newest.compareAndSet(before, exchange));
        if (before == null) {
            context.runOnContext(nothing -> drain());
        }
    }

    private void drain() {
        Exchange chain = newest.getAndSet(null);
        Exchange oldest = null;
        while (chain != null) {
            Exchange next = chain.nextReply;
            chain.nextReply = oldest;
            oldest = chain;
            chain = next;
        }
        while (oldest != null) {
            Exchange next = oldest.nextReply;
            oldest.nextReply = null;
            sink.accept(oldest);
            oldest = next;
        }
    }
}

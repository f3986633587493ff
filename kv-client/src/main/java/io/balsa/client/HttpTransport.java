package io.balsa.client;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Carries requests to servers: all that the client needs of HTTP, so that what lies below can be replaced. Thread-safe.
 * Knows nothing of redirects, repetition or deadlines.
 */
interface HttpTransport extends AutoCloseable {
    /** An exchange that has not begun. */
    Exchange open(Endpoint endpoint, Request request);

    /** Answers come on that thread, so whoever waits there waits for ever. */
    default boolean answersOn(Thread thread) {
        return false;
    }

    /** Ends every exchange with {@link TransportException} and frees connections and threads. */
    @Override
    void close();

    /**
     * A request.
     *
     * @param target path and query, percent-encoded, sent as it is
     * @param body asked for once the connection stands; not changed by anyone from then on; empty for none
     */
    record Request(String method, String target, Map<String, String> headers, Supplier<byte[]> body) {
        static final Supplier<byte[]> NO_BODY = () -> new byte[0];
    }

    /**
     * An answer, whole.
     *
     * @param location the header {@code Location}, empty when there was none; so with the next
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Reply(int status, String location, String retryAfter, byte[] body) {}

    /** One request on its way. */
    interface Exchange {
        /** Begins, or queues until a connection is free; never blocks. Called once; nothing happens when it was given up. */
        void start();

        /** The answer, or {@link TransportException}. */
        CompletableFuture<Reply> reply();

        /** Whether the server may have seen any of the request. False is certain, true is not. */
        boolean maybeSent();

        /** Gives up: a queued request is not sent any more, a running one loses its connection. */
        void abort();

        /** Gives up, for the reason {@code why}, if the server has certainly seen nothing; false: it goes on. */
        boolean abortUnsent(String why);
    }
}

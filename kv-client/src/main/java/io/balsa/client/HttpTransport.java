package io.balsa.client;

import java.net.http.HttpHeaders;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Carries requests to servers: all that the client needs of HTTP, so that what lies below can be replaced. Thread-safe.
 * Knows nothing of redirects, repetition or deadlines.
 */
interface HttpTransport extends AutoCloseable {
    /** Begins an exchange, or queues it until a connection is free; never blocks. */
    Exchange send(Endpoint endpoint, Request request);

    /** Ends every exchange with {@link TransportException} and frees connections and threads. */
    @Override
    void close();

    /**
     * A request.
     *
     * @param target path and query, percent-encoded, sent as it is
     * @param body not changed by anyone from now on; empty for none
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Request(String method, String target, Map<String, String> headers, byte[] body) {}

    /** An answer, whole. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Reply(int status, HttpHeaders headers, byte[] body) {}

    /** One request on its way. */
    interface Exchange {
        /** The answer, or {@link TransportException}. */
        CompletableFuture<Reply> reply();

        /** Whether the server may have seen any of the request. False is certain, true is not. */
        boolean maybeSent();

        /** Gives up: a queued request is not sent any more, a running one loses its connection. */
        void abort();
    }
}

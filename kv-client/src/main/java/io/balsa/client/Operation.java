package io.balsa.client;

import java.io.IOException;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a caller wants, before any server was asked.
 *
 * @param verb for messages: {@code put}
 * @param key what it is about, for messages; null for nothing in particular
 * @param reads it changes nothing, so it may be repeated freely
 * @param absenceIsAnAnswer 404 {@code key_not_found} goes to the decoder instead of ending as an error
 * @param request by itself; made when it is needed
 * @param batchForm how it goes together with others; null when it cannot
 */
record Operation<T>(
        String verb,
        @Nullable Key key,
        boolean reads,
        boolean absenceIsAnAnswer,
        Supplier<HttpTransport.Request> request,
        @Nullable BatchForm batchForm,
        Decoder<T> decoder) {

    /** Turns an answer into what the caller gets; IOException when it is not what the contract says. */
    interface Decoder<T> {
        T decode(HttpTransport.Reply reply) throws IOException;
    }

    /** A read that goes by itself. */
    static <T> Operation<T> read(String verb, RequestTarget target, Decoder<T> decoder) {
        return new Operation<>(verb, null, true, false, () -> getRequest(target), null, decoder);
    }

    static HttpTransport.Request getRequest(RequestTarget target) {
        return new HttpTransport.Request("GET", target.toString(), Map.of(), HttpTransport.Request.NO_BODY);
    }

    /** For messages: {@code put greeting}. */
    String name() {
        return key == null ? verb : verb + " " + OneLine.of(key.toString());
    }
}

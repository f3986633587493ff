package io.balsa.client;

import java.io.IOException;
import java.util.Map;

/**
 * One thing that a caller wants, before any server was asked.
 *
 * @param name for messages: {@code put greeting}
 * @param reads it changes nothing, so it may be repeated freely
 * @param absenceIsAnAnswer 404 {@code key_not_found} goes to the decoder instead of ending as an error
 */
record Operation<T>(
        String name, boolean reads, boolean absenceIsAnAnswer, HttpTransport.Request request, Decoder<T> decoder) {

    /** Turns an answer into what the caller gets; IOException when it is not what the contract says. */
    interface Decoder<T> {
        T decode(HttpTransport.Reply reply) throws IOException;
    }

    static <T> Operation<T> read(String name, RequestTarget target, Decoder<T> decoder) {
        var request = new HttpTransport.Request("GET", target.toString(), Map.of(), new byte[0]);
        return new Operation<>(name, true, false, request, decoder);
    }

    Operation<T> withAbsenceAsAnAnswer() {
        return new Operation<>(name, reads, true, request, decoder);
    }
}

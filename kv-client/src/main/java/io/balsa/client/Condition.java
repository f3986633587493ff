package io.balsa.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a write demands of its key.
 *
 * @param header the name of the header that says so; null for nothing
 * @param json the same as a further member of an operation in a batch
 */
record Condition(@Nullable String header, String value, String json) {
    static final Condition NONE = new Condition(null, "", "");
    static final Condition ABSENT = new Condition("If-None-Match", "*", ",\"ifNoneMatch\":\"*\"");
    static final Condition PRESENT = new Condition("If-Match", "*", ",\"ifMatch\":\"*\"");

    static Condition at(long modRevision) {
        if (modRevision < 1) {
            throw new IllegalArgumentException("a modRevision is at least 1; got " + modRevision);
        }
        return new Condition("If-Match", "\"" + modRevision + "\"", ",\"ifMatch\":" + modRevision);
    }

    Map<String, String> headers(@Nullable String idempotencyKey) {
        if (header == null) {
            return idempotencyKey == null ? Map.of() : Map.of("Idempotency-Key", idempotencyKey);
        }
        return idempotencyKey == null
                ? Map.of(header, value)
                : Map.of(header, value, "Idempotency-Key", idempotencyKey);
    }
}

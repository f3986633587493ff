package io.balsa.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An operation as one of many in a batch.
 *
 * @param key UTF-8: the servers take no other
 * @param value null when the operation has none
 * @param timeout how long the caller waits
 */
@SuppressWarnings("ArrayRecordComponent")
record BatchForm(
        Queue queue,
        String op,
        byte[] key,
        byte @Nullable [] value,
        Condition condition,
        @Nullable String idempotencyKey,
        Duration timeout) {
    /** What is asked together: a slow read must not hold up a write, nor one server's answer what another could give. */
    enum Queue {
        WRITES(Consistency.LINEARIZABLE),
        READS(Consistency.LINEARIZABLE),
        LEASE_READS(Consistency.LEASE),
        STALE_READS(Consistency.STALE);

        final Consistency consistency;

        Queue(Consistency consistency) {
            this.consistency = consistency;
        }

        static Queue ofReads(Consistency consistency) {
            return switch (consistency) {
                case LINEARIZABLE -> READS;
                case LEASE -> LEASE_READS;
                case STALE -> STALE_READS;
            };
        }
    }

    /** The names of the members and what is around them. */
    private static final int FRAME_BYTES_MAX = 160;
    /** By so much a value may be longer as text than as base64, for whoever reads along. */
    private static final int TEXT_BYTES_MORE = 64;

    /** What it takes in a batch, or less: a character of a key is escaped with six bytes at most. */
    int bytesMax() {
        int valueBytes = value == null ? 0 : value.length;
        int idBytes = idempotencyKey == null ? 0 : idempotencyKey.length();
        return FRAME_BYTES_MAX + TEXT_BYTES_MORE + 6 * key.length + JsonBytes.base64Length(valueBytes) + 2 * idBytes;
    }

    void writeTo(JsonBytes json) {
        json.raw("{\"op\":\"").raw(op).raw("\",\"key\":");
        json.text(key, Integer.MAX_VALUE);
        if (value != null) {
            json.raw(",\"value\":");
            if (!json.text(value, JsonBytes.base64Length(value.length) + TEXT_BYTES_MORE)) {
                json.base64(value);
                json.raw(",\"encoding\":\"base64\"");
            }
        }
        json.raw(condition.json());
        if (idempotencyKey != null) {
            json.raw(",\"idempotencyKey\":");
            json.text(JsonBytes.ascii(idempotencyKey), Integer.MAX_VALUE);
        }
        json.raw("}");
    }
}

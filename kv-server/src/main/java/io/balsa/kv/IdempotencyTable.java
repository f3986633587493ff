package io.balsa.kv;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which commands were applied under which idempotency key, and with what outcome. Owned by the state machine's thread.
 *
 * <p>Bounded in records and in bytes. The oldest record goes first, by the order in which the commands were applied and
 * never by a clock, so that every server forgets the same ones at the same place of the log. A command's outcome is kept
 * whole, with the previous value if it has one: hence the bound in bytes. Each record is evicted once, so the cost of a
 * command is constant on average; one large outcome may push out many small ones.
 */
final class IdempotencyTable {
    private static final int HASH_BYTES = 16;
    private static final int HASH_AT = 8;
    private static final int OUTCOME_AT = HASH_AT + HASH_BYTES;

    private final Records records;
    private final int recordsMax;
    private final long bytesMax;
    private final MessageDigest digest;

    private long oldestSequence;
    private long nextSequence;
    private long bytes;

    IdempotencyTable(Records records, int recordsMax, long bytesMax) {
        this.records = records;
        this.recordsMax = recordsMax;
        this.bytesMax = bytesMax;
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java platform has SHA-256", impossible);
        }
    }

    /** Reads the counters from the state; a new machine's are 0. */
    void reload() {
        byte[] counters = records.get(Tables.IDEMPOTENCY_COUNTERS);
        oldestSequence = counters == null ? 0 : Tables.number(counters, 0);
        nextSequence = counters == null ? 0 : Tables.number(counters, 8);
        bytes = counters == null ? 0 : Tables.number(counters, 16);
    }

    /** Tells two commands apart that use one id; half of a SHA-256, since a client could search for collisions. */
    byte[] hash(ByteBuffer command) {
        digest.update(command.duplicate());
        return Arrays.copyOf(digest.digest(), HASH_BYTES);
    }

    /** What this id was first used for; null when it was not, or that is forgotten. */
    @Nullable
    Attempt first(IdempotencyKey id) {
        byte[] record = records.get(Tables.idempotencyRecord(id));
        return record == null ? null : new Attempt(record);
    }

    /** Keeps the outcome of the first attempt, and lets go of the oldest ones that are beyond the bounds. */
    void remember(IdempotencyKey id, byte[] hash, Outcome outcome) {
        byte[] idBytes = id.text().getBytes(StandardCharsets.UTF_8);
        byte[] recordKey = Tables.idempotencyRecord(idBytes);
        ByteBuffer record = ByteBuffer.allocate(OUTCOME_AT + OutcomeCodec.bytes(outcome));
        record.putLong(nextSequence).put(hash);
        OutcomeCodec.encode(outcome, record);
        byte[] orderKey = Tables.idempotencyOrderRecord(nextSequence);
        ByteBuffer order = ByteBuffer.allocate(4 + idBytes.length);
        int recordBytes = recordKey.length + record.capacity() + orderKey.length + order.capacity();
        order.putInt(recordBytes).put(idBytes);
        records.put(recordKey, record.array());
        records.put(orderKey, order.array());
        nextSequence++;
        bytes += recordBytes;
        evict();
        records.put(Tables.IDEMPOTENCY_COUNTERS, Tables.numbers(oldestSequence, nextSequence, bytes));
    }

    private void evict() {
        // The newest one stays whatever its size: its client may be about to ask for it again.
        while (nextSequence - oldestSequence > recordsMax || (bytes > bytesMax && nextSequence - oldestSequence > 1)) {
            byte[] orderKey = Tables.idempotencyOrderRecord(oldestSequence);
            byte[] order = records.get(orderKey);
            if (order == null) {
                throw new AssertionError("no idempotency record has the sequence " + oldestSequence);
            }
            records.remove(Tables.idempotencyRecord(Arrays.copyOfRange(order, 4, order.length)));
            records.remove(orderKey, order);
            bytes -= ByteBuffer.wrap(order).getInt();
            oldestSequence++;
        }
    }

    /** The first use of an idempotency key, as it is stored. */
    static final class Attempt {
        private final byte[] record;

        private Attempt(byte[] record) {
            this.record = record;
        }

        boolean isOf(byte[] hash) {
            return Arrays.equals(record, HASH_AT, OUTCOME_AT, hash, 0, hash.length);
        }

        Outcome outcome() {
            return OutcomeCodec.decode(ByteBuffer.wrap(record, OUTCOME_AT, record.length - OUTCOME_AT));
        }
    }
}

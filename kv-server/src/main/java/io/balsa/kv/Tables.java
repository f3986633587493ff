package io.balsa.kv;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Where the state machine keeps what, in its {@link State}: one byte names the table. Numbers are big-endian, so that
 * they sort as they count.
 *
 * <pre>
 *   table              key                       value
 *   keys               01 | key, 1 to 480        createRevision:8 | modRevision:8 | version:8 | the client's bytes
 *   idempotency        02 | id, UTF-8, 1 to 128  sequence:8 | hash of the command:16 | outcome (OutcomeCodec)
 *   idempotency order  03 | sequence:8           bytes of the two records:4 | id
 *   meta               04 | 01                   revision:8
 *                      04 | 02                   oldest sequence:8 | next sequence:8 | bytes of all records:8
 *                      04 | 03                   the cluster's membership: index of its entry:8 | the entry's command
 *                      04 | 04                   index of the last entry:8 | StateHash of all other records behind it:8
 * </pre>
 */
final class Tables {
    /**
     * A longer bound of a range is cut here, and means the same: no key has more than 480 bytes, so none can tell two
     * bounds apart that agree in their first 481.
     */
    static final int BOUND_BYTES_MAX = Key.BYTES_MAX + 1;

    static final byte[] REVISION = {4, 1};
    static final byte[] IDEMPOTENCY_COUNTERS = {4, 2};
    static final byte[] MEMBERSHIP = {4, 3};
    static final byte[] STATE_HASH = {4, 4};

    private static final byte KEYS = 1;
    private static final byte IDEMPOTENCY = 2;
    private static final byte IDEMPOTENCY_ORDER = 3;

    private static final int CREATE_REVISION_AT = 0;
    private static final int MOD_REVISION_AT = 8;
    private static final int VERSION_AT = 16;
    private static final int VALUE_AT = 24;

    private Tables() {}

    static byte[] keyRecord(Key key) {
        return prefixed(KEYS, key.shared(), key.length());
    }

    /** Where a scan of the keys begins that must see {@code start} and what is behind it. */
    static byte[] keysFrom(byte[] start) {
        return prefixed(KEYS, start, Math.min(start.length, BOUND_BYTES_MAX));
    }

    /** Where a scan of the keys ends that must not see {@code end}; null: behind the last key. */
    static byte[] keysTo(byte @Nullable [] end) {
        return end == null ? new byte[] {KEYS + 1} : keysFrom(end);
    }

    static Key key(byte[] keyRecord) {
        return Key.owning(Arrays.copyOfRange(keyRecord, 1, keyRecord.length));
    }

    static byte[] keyValueRecord(long createRevision, long modRevision, long version, ByteBuffer value) {
        byte[] bytes = new byte[VALUE_AT + value.remaining()];
        ByteBuffer.wrap(bytes)
                .putLong(createRevision)
                .putLong(modRevision)
                .putLong(version)
                .put(value.duplicate());
        return bytes;
    }

    static long createRevision(byte[] keyValueRecord) {
        return number(keyValueRecord, CREATE_REVISION_AT);
    }

    static long modRevision(byte[] keyValueRecord) {
        return number(keyValueRecord, MOD_REVISION_AT);
    }

    static long version(byte[] keyValueRecord) {
        return number(keyValueRecord, VERSION_AT);
    }

    static int valueBytes(byte[] keyValueRecord) {
        return keyValueRecord.length - VALUE_AT;
    }

    /** The value in it is a view: records do not change once they are in the state. */
    static KeyValue keyValue(Key key, byte[] record, boolean withValue) {
        ByteBuffer value = ByteBuffer.wrap(record, VALUE_AT, withValue ? valueBytes(record) : 0)
                .slice()
                .asReadOnlyBuffer();
        return new KeyValue(key, value, version(record), createRevision(record), modRevision(record));
    }

    static byte[] idempotencyRecord(IdempotencyKey id) {
        return idempotencyRecord(id.text().getBytes(StandardCharsets.UTF_8));
    }

    static byte[] idempotencyRecord(byte[] id) {
        return prefixed(IDEMPOTENCY, id, id.length);
    }

    static byte[] idempotencyOrderRecord(long sequence) {
        return ByteBuffer.allocate(9).put(IDEMPOTENCY_ORDER).putLong(sequence).array();
    }

    static byte[] numbers(long... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * numbers.length);
        for (long number : numbers) {
            bytes.putLong(number);
        }
        return bytes.array();
    }

    static long number(byte[] bytes, int at) {
        return ByteBuffer.wrap(bytes).getLong(at);
    }

    private static byte[] prefixed(byte table, byte[] bytes, int length) {
        byte[] record = new byte[1 + length];
        record[0] = table;
        System.arraycopy(bytes, 0, record, 1, length);
        return record;
    }
}

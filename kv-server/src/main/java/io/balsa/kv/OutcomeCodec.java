package io.balsa.kv;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Outcomes as the bytes of an idempotency record, so that a retry gets the first attempt's answer; stateless.
 *
 * <pre>
 *   outcome    version:1 = 1 | kind:1 | revision:8 | ...
 *              kind 1  Written               version:8 | createRevision:8 | previous
 *              kind 2  Deleted               deleted:8 | previous
 *              kind 3  PreconditionFailed    modRevision:8
 *              kind 4  RangeTooLarge         keysMax:4
 *              kind 5  IdempotencyKeyReused
 *              kind 6  Invalid               reason, UTF-8, to the end
 *
 *   previous   0:1, or
 *              1:1 | version:8 | createRevision:8 | modRevision:8 | keyLength:2 | key | value, to the end
 * </pre>
 */
final class OutcomeCodec {
    private static final byte VERSION = 1;

    private static final byte WRITTEN = 1;
    private static final byte DELETED = 2;
    private static final byte PRECONDITION_FAILED = 3;
    private static final byte RANGE_TOO_LARGE = 4;
    private static final byte IDEMPOTENCY_KEY_REUSED = 5;
    private static final byte INVALID = 6;

    private static final int HEADER_BYTES = 10;

    private OutcomeCodec() {}

    static int bytes(Outcome outcome) {
        if (outcome instanceof Outcome.Written written) {
            return HEADER_BYTES + 16 + previousBytes(written.previous());
        }
        if (outcome instanceof Outcome.Deleted deleted) {
            return HEADER_BYTES + 8 + previousBytes(deleted.previous());
        }
        if (outcome instanceof Outcome.Invalid invalid) {
            return HEADER_BYTES + invalid.reason().getBytes(StandardCharsets.UTF_8).length;
        }
        if (outcome instanceof Outcome.PreconditionFailed) {
            return HEADER_BYTES + 8;
        }
        return outcome instanceof Outcome.RangeTooLarge ? HEADER_BYTES + 4 : HEADER_BYTES;
    }

    /** Needs {@link #bytes} bytes in {@code out}. */
    static void encode(Outcome outcome, ByteBuffer out) {
        out.put(VERSION);
        if (outcome instanceof Outcome.Written written) {
            out.put(WRITTEN).putLong(written.revision()).putLong(written.version());
            out.putLong(written.createRevision());
            writePrevious(written.previous(), out);
        } else if (outcome instanceof Outcome.Deleted deleted) {
            out.put(DELETED).putLong(deleted.revision()).putLong(deleted.deleted());
            writePrevious(deleted.previous(), out);
        } else if (outcome instanceof Outcome.PreconditionFailed failed) {
            out.put(PRECONDITION_FAILED).putLong(failed.revision()).putLong(failed.modRevision());
        } else if (outcome instanceof Outcome.RangeTooLarge tooLarge) {
            out.put(RANGE_TOO_LARGE).putLong(tooLarge.revision()).putInt(tooLarge.keysMax());
        } else if (outcome instanceof Outcome.IdempotencyKeyReused reused) {
            out.put(IDEMPOTENCY_KEY_REUSED).putLong(reused.revision());
        } else if (outcome instanceof Outcome.Invalid invalid) {
            out.put(INVALID).putLong(invalid.revision());
            out.put(invalid.reason().getBytes(StandardCharsets.UTF_8));
        } else {
            throw new AssertionError("no format for " + outcome);
        }
    }

    /**
     * Reads from position to limit. The bytes come from this server's own state, which the edge has checked: whatever is
     * no outcome is a bug, and an AssertionError.
     */
    static Outcome decode(ByteBuffer in) {
        try {
            byte version = in.get();
            if (version != VERSION) {
                throw new AssertionError("an outcome of version " + version + " in the state");
            }
            Outcome outcome = decodeKind(in.get(), in.getLong(), in);
            if (in.hasRemaining()) {
                throw new AssertionError("bytes left over behind an outcome in the state: " + in.remaining());
            }
            return outcome;
        } catch (BufferUnderflowException | IllegalArgumentException broken) {
            throw new AssertionError("a broken outcome in the state", broken);
        }
    }

    private static Outcome decodeKind(byte kind, long revision, ByteBuffer in) {
        return switch (kind) {
            case WRITTEN -> new Outcome.Written(revision, in.getLong(), in.getLong(), readPrevious(in));
            case DELETED -> new Outcome.Deleted(revision, in.getLong(), readPrevious(in));
            case PRECONDITION_FAILED -> new Outcome.PreconditionFailed(revision, in.getLong());
            case RANGE_TOO_LARGE -> new Outcome.RangeTooLarge(revision, in.getInt());
            case IDEMPOTENCY_KEY_REUSED -> new Outcome.IdempotencyKeyReused(revision);
            case INVALID -> new Outcome.Invalid(revision, new String(rest(in), StandardCharsets.UTF_8));
            default -> throw new AssertionError("an outcome of kind " + kind + " in the state");
        };
    }

    private static int previousBytes(@Nullable KeyValue previous) {
        return previous == null
                ? 1
                : 1 + 24 + 2 + previous.key().length() + previous.value().remaining();
    }

    private static void writePrevious(@Nullable KeyValue previous, ByteBuffer out) {
        if (previous == null) {
            out.put((byte) 0);
            return;
        }
        out.put((byte) 1).putLong(previous.version()).putLong(previous.createRevision());
        out.putLong(previous.modRevision()).putShort((short) previous.key().length());
        out.put(previous.key().shared()).put(previous.value().duplicate());
    }

    private static @Nullable KeyValue readPrevious(ByteBuffer in) {
        byte present = in.get();
        if (present == 0) {
            return null;
        }
        if (present != 1) {
            throw new AssertionError("an outcome with " + present + " previous values in the state");
        }
        long version = in.getLong();
        long createRevision = in.getLong();
        long modRevision = in.getLong();
        byte[] key = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(key);
        ByteBuffer value = ByteBuffer.wrap(rest(in)).asReadOnlyBuffer();
        return new KeyValue(Key.owning(key), value, version, createRevision, modRevision);
    }

    private static byte[] rest(ByteBuffer in) {
        byte[] bytes = new byte[in.remaining()];
        in.get(bytes);
        return bytes;
    }
}

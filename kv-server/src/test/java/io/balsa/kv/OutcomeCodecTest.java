package io.balsa.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What an idempotency record keeps is what was answered. */
class OutcomeCodecTest {
    private static final KeyValue PREVIOUS =
            new KeyValue(Key.of("key"), ByteBuffer.wrap(new byte[] {1, 0, -1}).asReadOnlyBuffer(), 3, 4, 5);

    private static final List<Outcome> OUTCOMES = List.of(
            new Outcome.Written(7, 1, 7, null),
            new Outcome.Written(Long.MAX_VALUE, 3, 4, PREVIOUS),
            new Outcome.Deleted(7, 10_000, null),
            new Outcome.Deleted(8, 1, PREVIOUS),
            new Outcome.PreconditionFailed(9, 0),
            new Outcome.RangeTooLarge(10, 100),
            new Outcome.IdempotencyKeyReused(11),
            new Outcome.Invalid(12, "why: été"));

    @Test
    void everyOutcomeComesBackAsItWas() {
        for (Outcome outcome : OUTCOMES) {
            assertThat(OutcomeCodec.decode(encode(outcome))).isEqualTo(outcome);
        }
    }

    @Test
    void aRecordThatIsCutShortOrOfAnotherFormatStopsTheServer() {
        for (Outcome outcome : OUTCOMES.subList(0, 1)) {
            ByteBuffer bytes = encode(outcome);
            for (int length = 0; length < bytes.limit(); length++) {
                ByteBuffer part = bytes.slice(0, length);
                assertThatThrownBy(() -> OutcomeCodec.decode(part)).isInstanceOf(AssertionError.class);
            }
            for (int at : new int[] {0, 1, bytes.limit() - 1}) {
                ByteBuffer wrong = encode(outcome).put(at, (byte) 99);
                assertThatThrownBy(() -> OutcomeCodec.decode(wrong)).isInstanceOf(AssertionError.class);
            }
        }
    }

    private static ByteBuffer encode(Outcome outcome) {
        ByteBuffer bytes = ByteBuffer.allocate(OutcomeCodec.bytes(outcome));
        OutcomeCodec.encode(outcome, bytes);
        assertThat(bytes.hasRemaining()).as("the size of %s", outcome).isFalse();
        return bytes.flip();
    }
}

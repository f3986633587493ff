package io.balsa.client;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** The client's defaults with one call's options laid over them. */
record CallOptions(
        Duration deadline,
        Consistency consistency,
        @Nullable String idempotencyKey) {
    private static final Duration DEADLINE_MAX = Duration.ofHours(1);
    private static final int RANDOM_KEY_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    CallOptions with(CallOption... options) {
        Duration chosenDeadline = deadline;
        Consistency chosenConsistency = consistency;
        String chosenKey = idempotencyKey;
        for (CallOption option : options) {
            switch (option.kind) {
                case DEADLINE -> chosenDeadline = (Duration) option.value;
                case CONSISTENCY -> chosenConsistency = (Consistency) option.value;
                case IDEMPOTENCY_KEY -> chosenKey = (String) option.value;
                case EXACTLY_ONCE -> chosenKey = randomKey();
            }
        }
        return new CallOptions(chosenDeadline, chosenConsistency, chosenKey);
    }

    static Duration checked(Duration deadline) {
        if (deadline.isNegative() || deadline.isZero() || deadline.compareTo(DEADLINE_MAX) > 0) {
            throw new IllegalArgumentException("a deadline lies between 1 ns and 1 h; got " + deadline);
        }
        return deadline;
    }

    private static String randomKey() {
        byte[] key = new byte[RANDOM_KEY_BYTES];
        RANDOM.nextBytes(key);
        return HexFormat.of().formatHex(key);
    }
}

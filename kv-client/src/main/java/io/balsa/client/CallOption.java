package io.balsa.client;

import java.time.Duration;

/** One deviation from the client's defaults, for one call. Where two options contradict each other the later one counts. */
public final class CallOption {
    enum Kind {
        DEADLINE,
        CONSISTENCY,
        IDEMPOTENCY_KEY,
        EXACTLY_ONCE
    }

    private static final CallOption EXACTLY_ONCE = new CallOption(Kind.EXACTLY_ONCE, "");

    final Kind kind;
    final Object value;

    private CallOption(Kind kind, Object value) {
        this.kind = kind;
        this.value = value;
    }

    /** The call ends within this time, whatever happens. */
    public static CallOption deadline(Duration deadline) {
        return new CallOption(Kind.DEADLINE, CallOptions.checked(deadline));
    }

    /** How fresh a read must be; writes pay no attention. */
    public static CallOption consistency(Consistency consistency) {
        return new CallOption(Kind.CONSISTENCY, consistency);
    }

    /**
     * The write is applied once at most, under a random 128-bit {@code Idempotency-Key}, and the client repeats it
     * after an unknown outcome. Reads pay no attention.
     */
    public static CallOption exactlyOnce() {
        return EXACTLY_ONCE;
    }

    /** As {@link #exactlyOnce}, under a key of your own, so that the write can be repeated by another process too. */
    public static CallOption idempotencyKey(String key) {
        if (key.isEmpty() || !key.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new IllegalArgumentException("an idempotency key is visible ASCII, at least one character");
        }
        return new CallOption(Kind.IDEMPOTENCY_KEY, key);
    }

    @Override
    public String toString() {
        return kind + (kind == Kind.EXACTLY_ONCE ? "" : "=" + value);
    }
}

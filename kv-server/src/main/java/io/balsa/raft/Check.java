package io.balsa.raft;

import com.google.errorprone.annotations.FormatMethod;
import org.jspecify.annotations.Nullable;

/** Invariants that stay on in production: a server that broke one must stop, not go on. */
public final class Check {
    private Check() {}

    /** Throws AssertionError with the formatted message unless {@code invariant} holds. */
    @FormatMethod
    public static void that(boolean invariant, String message, @Nullable Object... args) {
        if (!invariant) {
            throw new AssertionError(String.format(message, args));
        }
    }
}

package io.balsa.sim;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import org.jspecify.annotations.Nullable;

/** A property does not hold; the message begins with its name. */
public final class SimulationFailure extends AssertionError {
    private static final long serialVersionUID = 1;

    SimulationFailure(String property, String detail) {
        super(property + ": " + detail);
    }

    /** Throws unless {@code holds}. */
    @FormatMethod
    static void unless(boolean holds, String property, @FormatString String detail, @Nullable Object... args) {
        if (!holds) {
            throw new SimulationFailure(property, String.format(detail, args));
        }
    }
}

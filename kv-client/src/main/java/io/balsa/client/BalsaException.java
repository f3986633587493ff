package io.balsa.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A call that did not succeed. The subclass says what may be concluded: {@link NotAppliedException} or
 * {@link UnknownOutcomeException}. The message is one line and names the endpoints that were tried.
 */
public abstract sealed class BalsaException extends RuntimeException
        permits NotAppliedException, UnknownOutcomeException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final transient List<Attempt> attempts;

    BalsaException(String code, String message, List<Attempt> attempts, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.attempts = List.copyOf(attempts);
    }

    /**
     * The reason for a program: the server's {@code code} ({@code no_leader}, {@code too_large} …), or one of the
     * client's own: {@code deadline}, {@code unreachable}, {@code bad_answer}, {@code interrupted}, {@code closed}.
     */
    public String code() {
        return code;
    }

    /** Every endpoint that was tried, in the order of the first try; empty when none was. */
    public List<Attempt> attempts() {
        return attempts;
    }

    /** The same failure with the stack of the thread that waited for it, which is where its reader wants to look. */
    abstract BalsaException inCallersThread();
}

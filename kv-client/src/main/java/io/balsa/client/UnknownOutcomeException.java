package io.balsa.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The write may have been applied, or may yet be. Read before repeating it, or send it with
 * {@link CallOption#exactlyOnce} in the first place.
 */
public final class UnknownOutcomeException extends BalsaException {
    private static final long serialVersionUID = 1L;

    UnknownOutcomeException(String code, String message, List<Attempt> attempts, @Nullable Throwable cause) {
        super(code, message, attempts, cause);
    }

    @Override
    BalsaException inCallersThread() {
        return new UnknownOutcomeException(code(), String.valueOf(getMessage()), attempts(), this);
    }
}

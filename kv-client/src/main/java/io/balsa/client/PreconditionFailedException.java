package io.balsa.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The key was not as the write's condition demanded; nothing changed. */
public final class PreconditionFailedException extends NotAppliedException {
    private static final long serialVersionUID = 1L;

    private final long modRevision;

    PreconditionFailedException(String message, List<Attempt> attempts, long modRevision, @Nullable Throwable cause) {
        super("precondition_failed", message, attempts, cause);
        this.modRevision = modRevision;
    }

    /** The revision that the key has instead; 0 when it does not exist. */
    public long modRevision() {
        return modRevision;
    }

    @Override
    BalsaException inCallersThread() {
        return new PreconditionFailedException(String.valueOf(getMessage()), attempts(), modRevision, this);
    }
}

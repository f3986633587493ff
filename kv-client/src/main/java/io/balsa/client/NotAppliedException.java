package io.balsa.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The call had no effect and will have none: it may be repeated as it is. Failed reads end with this one too. */
public sealed class NotAppliedException extends BalsaException
        permits PreconditionFailedException, SpaceQuotaException {
    private static final long serialVersionUID = 1L;

    NotAppliedException(String code, String message, List<Attempt> attempts, @Nullable Throwable cause) {
        super(code, message, attempts, cause);
    }

    @Override
    BalsaException inCallersThread() {
        return new NotAppliedException(code(), String.valueOf(getMessage()), attempts(), this);
    }
}

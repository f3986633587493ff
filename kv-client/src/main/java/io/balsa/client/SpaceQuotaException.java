package io.balsa.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cluster has no room for more: a quota is reached, or a disk is nearly full. Reads and deletes are served, and the write
 * will be taken again once there is room; it is not repeated by itself, as that may take long.
 */
public final class SpaceQuotaException extends NotAppliedException {
    private static final long serialVersionUID = 1L;

    private final long limit;
    private final long actual;

    SpaceQuotaException(String message, List<Attempt> attempts, long limit, long actual, @Nullable Throwable cause) {
        super("space_quota", message, attempts, cause);
        this.limit = limit;
        this.actual = actual;
    }

    /** In bytes: what may be taken, or must stay free; -1 when the server did not say. */
    public long limit() {
        return limit;
    }

    /** In bytes: what is taken, or free; -1 when the server did not say. */
    public long actual() {
        return actual;
    }

    @Override
    BalsaException inCallersThread() {
        return new SpaceQuotaException(String.valueOf(getMessage()), attempts(), limit, actual, this);
    }
}

package io.balsa.client;

import org.jspecify.annotations.Nullable;

/** There was no answer. */
final class TransportException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean maybeSent;

    TransportException(String message, boolean maybeSent, @Nullable Throwable cause) {
        super(message, cause);
        this.maybeSent = maybeSent;
    }

    /** Whether the server may have seen any of the request. False is certain, true is not. */
    boolean maybeSent() {
        return maybeSent;
    }
}

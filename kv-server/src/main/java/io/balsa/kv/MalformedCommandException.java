package io.balsa.kv;

/** Bytes that are no command; the message says why, in the same words on every server. */
public final class MalformedCommandException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedCommandException(String reason) {
        super(reason);
    }

    /** Why the bytes could not be read. */
    public String reason() {
        return String.valueOf(getMessage());
    }
}

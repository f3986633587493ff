package io.balsa.node;

/** The disk failed, or what it returned is damaged. The server halts; the message says what to do. */
public final class StorageException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public StorageException(String message) {
        super(message);
    }

    public StorageException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.balsa.node;

/** The disk failed, or what it holds cannot be used. The server halts; the message says what to do. */
public class StorageException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public StorageException(String message) {
        super(message);
    }

    public StorageException(String message, Throwable cause) {
        super(message, cause);
    }
}

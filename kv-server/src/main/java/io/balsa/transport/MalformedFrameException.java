package io.balsa.transport;

/** The other end sent bytes that no Balsa server sends. The connection is closed: nothing after them can be trusted. */
final class MalformedFrameException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedFrameException(String message) {
        super(message);
    }
}

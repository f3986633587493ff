package io.balsa.transport;

/** The hello was understood, and its sender is not a server that this one may talk to. The message says why. */
final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
        super(message);
    }
}

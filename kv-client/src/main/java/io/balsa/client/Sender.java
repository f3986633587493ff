package io.balsa.client;

/** The way from a call to a server: alone, or together with others. Thread-safe. */
interface Sender {
    /** An exchange with {@code endpoint} that has not begun. */
    HttpTransport.Exchange open(Endpoint endpoint, Operation<?> operation);

    /** Sends nothing more that has not left. */
    default void stop() {}
}

package io.balsa.http;

/** The same with the JDK's sockets. */
final class MovingJdkConnectionTest extends MovingConnectionTest {
    @Override
    boolean nativeSockets() {
        return false;
    }
}

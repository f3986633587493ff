package io.balsa.process;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** Free ports of 127.0.0.1, none of them twice. */
public final class Ports {
    /** A port drawn twice made one server answer for another, and a cluster of two pass for one of three. */
    private static final Set<Integer> HANDED_OUT = ConcurrentHashMap.newKeySet();

    private Ports() {}

    /**
     * A port that nothing listens on. Below the range from which the kernel draws the ports of outgoing connections: one of
     * those must not sit on a server's port while it is down.
     */
    public static int free() throws IOException {
        for (int attempt = 0; attempt < 100; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
            if (!HANDED_OUT.add(port)) {
                continue; // Free as it may be at the moment: the server that it was drawn for does not run yet.
            }
            try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return probe.getLocalPort();
            } catch (BindException taken) {
                // Draw another one.
            }
        }
        throw new IOException("no free port between 20000 and 32000");
    }

    /** A port that is free, as is the one {@code distance} above it. */
    static int freeWithOneAbove(int distance) throws IOException {
        while (true) {
            int port = free();
            try (ServerSocket probe = new ServerSocket(port + distance, 1, InetAddress.getLoopbackAddress())) {
                if (HANDED_OUT.add(probe.getLocalPort())) {
                    return port;
                }
            } catch (BindException taken) {
                // Draw another one.
            }
        }
    }
}

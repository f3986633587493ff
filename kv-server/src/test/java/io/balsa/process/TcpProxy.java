package io.balsa.process;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Stands between a server that dials and the port of the one that it dials. A cut direction swallows nothing and tells
 * nothing, as a network that drops packets does under TCP: bytes, new connections and even closes wait until it is healed.
 * Thread-safe.
 */
final class TcpProxy implements Closeable {
    /** Seen from the server that dialled. */
    enum Direction {
        FORWARD,
        BACK
    }

    private static final int CHUNK_BYTES = 64 << 10;

    private final int targetPort;
    private final ServerSocket listening;
    private final Set<Direction> cut = EnumSet.noneOf(Direction.class);
    private final Set<Socket> open = new HashSet<>();
    private long delayMillis;
    private boolean closed;

    TcpProxy(int port, int targetPort) throws IOException {
        this.targetPort = targetPort;
        listening = new ServerSocket();
        listening.setReuseAddress(true);
        listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 64);
        spawn("accept", this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    synchronized void cut(Direction direction) {
        cut.add(direction);
    }

    /** Both directions flow again, what waited first. */
    synchronized void heal() {
        cut.clear();
        notifyAll();
    }

    /** What comes from now on is passed on that much later. */
    synchronized void delay(long millis) {
        delayMillis = millis;
    }

    /** Closes every connection through here; the next one is accepted. */
    synchronized void closeConnections() {
        for (Socket socket : open) {
            closeQuietly(socket);
        }
        open.clear();
    }

    @Override
    public void close() {
        closeQuietly(listening);
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        closeConnections();
    }

    private void spawn(String name, Runnable task) {
        Thread thread = new Thread(task, "proxy-" + name + "-" + targetPort);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (true) {
            try {
                Socket dialler = listening.accept();
                remember(dialler);
                awaitOpen(Direction.FORWARD);
                connect(dialler);
            } catch (IOException ended) {
                return;
            }
        }
    }

    private void connect(Socket dialler) {
        Socket target = new Socket();
        remember(target);
        try {
            target.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort), 1000);
            dialler.setTcpNoDelay(true);
            target.setTcpNoDelay(true);
            spawn("forward", () -> pump(dialler, target, Direction.FORWARD));
            spawn("back", () -> pump(target, dialler, Direction.BACK));
        } catch (IOException refused) {
            forget(dialler);
            forget(target);
        }
    }

    private void pump(Socket from, Socket to, Direction direction) {
        byte[] chunk = new byte[CHUNK_BYTES];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                awaitDelay(System.nanoTime());
                awaitOpen(direction);
                out.write(chunk, 0, count);
            }
        } catch (IOException broken) {
            // As if it had ended: both ends learn it below.
        }
        try {
            awaitOpen(direction);
        } catch (IOException proxyClosed) {
            // Then there is nothing to wait for.
        }
        forget(from);
        forget(to);
    }

    private synchronized void awaitDelay(long sinceNanos) throws IOException {
        long left = delayMillis - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sinceNanos);
        while (left > 0 && !closed) {
            waitFor(left);
            left = delayMillis - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sinceNanos);
        }
    }

    private synchronized void awaitOpen(Direction direction) throws IOException {
        while (cut.contains(direction) && !closed) {
            waitFor(0);
        }
        if (closed) {
            throw new IOException("the proxy is closed");
        }
    }

    @SuppressWarnings("WaitNotInLoop") // Both callers loop.
    private synchronized void waitFor(long millis) throws IOException {
        try {
            wait(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException(interrupted);
        }
    }

    private synchronized void remember(Socket socket) {
        open.add(socket);
    }

    private void forget(Socket socket) {
        synchronized (this) {
            open.remove(socket);
        }
        closeQuietly(socket);
    }

    private static void closeQuietly(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException ignored) {
            // It is gone either way.
        }
    }
}

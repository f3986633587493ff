package io.balsa.benchmarks.driver;

import io.balsa.benchmarks.load.Completion;
import io.balsa.benchmarks.load.Driver;
import io.balsa.benchmarks.load.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Raw HTTP/1.1, one operation a request, a connection for each client, all on one thread. */
final class HttpDriver implements Driver {
    private static final int READ_BUFFER_BYTES = 1 << 18;
    private static final long CLOSE_WAIT_MILLIS = 2_000;

    private final HttpDialect dialect;
    private final Selector selector;
    private final HttpConnection[] connections;
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final ByteBuffer readBuffer = ByteBuffer.allocateDirect(READ_BUFFER_BYTES);
    private final Thread thread = new Thread(this::loop, "load-http");
    private volatile boolean closing;

    /**
     * @param servers the client's number modulo their count says where its connection goes first
     * @param all where connections may go when their server fails or points elsewhere
     */
    HttpDriver(HttpDialect dialect, List<InetSocketAddress> servers, List<InetSocketAddress> all, int clients) {
        this.dialect = dialect;
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        connections = new HttpConnection[clients];
        for (int i = 0; i < clients; i++) {
            connections[i] = new HttpConnection(selector, dialect, servers.get(i % servers.size()), all);
        }
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public boolean supports(Kind kind) {
        return dialect.supports(kind);
    }

    @Override
    public void start(int client, Kind kind, long key, Completion completion) {
        if (Thread.currentThread() == thread) {
            connections[client].start(kind, key, completion);
        } else if (closing) {
            completion.failed("closed");
        } else {
            tasks.add(() -> connections[client].start(kind, key, completion));
            selector.wakeup();
        }
    }

    @Override
    public void close() {
        closing = true;
        selector.wakeup();
        try {
            thread.join(CLOSE_WAIT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void loop() {
        try {
            while (!closing) {
                selector.select(this::ready);
                for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                    task.run();
                }
            }
            for (HttpConnection connection : connections) {
                connection.disconnect();
            }
            selector.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void ready(SelectionKey key) {
        ((HttpConnection) key.attachment()).ready(readBuffer);
    }
}

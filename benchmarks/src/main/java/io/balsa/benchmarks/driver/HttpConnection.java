package io.balsa.benchmarks.driver;

import io.balsa.benchmarks.load.Completion;
import io.balsa.benchmarks.load.Kind;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One client's connection: connects when it has something to send, and again after a failure. Of the driver's thread. */
final class HttpConnection {
    private static final int REQUEST_BYTES = 1024;

    private final Selector selector;
    private final HttpDialect dialect;
    private final List<InetSocketAddress> all;
    private final Bytes request = new Bytes(REQUEST_BYTES);
    private final HttpAnswer answer = new HttpAnswer();
    private InetSocketAddress server;
    private @Nullable SocketChannel channel;
    private @Nullable SelectionKey selection;
    private @Nullable Completion waiting;
    private Kind kind = Kind.PUT;
    private int written;

    HttpConnection(Selector selector, HttpDialect dialect, InetSocketAddress server, List<InetSocketAddress> all) {
        this.selector = selector;
        this.dialect = dialect;
        this.server = server;
        this.all = all;
    }

    void start(Kind nextKind, long key, Completion completion) {
        if (waiting != null) {
            // The client gave the last operation up: its answer must not be taken for this one's.
            disconnect();
            server = nextServer();
        }
        waiting = completion;
        kind = nextKind;
        request.clear();
        written = 0;
        dialect.request(request, kind, key);
        answer.clear();
        try {
            if (channel == null) {
                connect();
            } else {
                write(channel);
            }
        } catch (IOException e) {
            broken(e);
        }
    }

    void ready(ByteBuffer readBuffer) {
        SelectionKey key = selection;
        SocketChannel open = channel;
        if (key == null || open == null || !key.isValid()) {
            return;
        }
        try {
            if (key.isConnectable() && open.finishConnect()) {
                write(open);
            } else if (key.isWritable()) {
                write(open);
            } else if (key.isReadable()) {
                read(open, readBuffer);
            }
        } catch (IOException | IllegalStateException e) {
            broken(e);
        }
    }

    void disconnect() {
        SocketChannel open = channel;
        channel = null;
        selection = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                // It was being given up anyway, and nothing else hangs on it.
                assert !open.isOpen();
            }
        }
    }

    private void connect() throws IOException {
        SocketChannel opened = SocketChannel.open();
        channel = opened;
        opened.configureBlocking(false);
        opened.setOption(StandardSocketOptions.TCP_NODELAY, true);
        selection = opened.register(selector, SelectionKey.OP_CONNECT, this);
        if (opened.connect(server)) {
            write(opened);
        }
    }

    private void write(SocketChannel open) throws IOException {
        written += open.write(ByteBuffer.wrap(request.array(), written, request.size() - written));
        interest(written < request.size() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
    }

    private void interest(int operations) {
        SelectionKey key = selection;
        if (key != null && key.interestOps() != operations) {
            key.interestOps(operations);
        }
    }

    private void read(SocketChannel open, ByteBuffer buffer) throws IOException {
        buffer.clear();
        int count = open.read(buffer);
        if (count < 0) {
            throw new IOException("closed by the server");
        }
        if (waiting == null) {
            throw new IOException("an answer that nobody asked for");
        }
        answer.bytes().put(buffer.flip());
        if (answer.isComplete()) {
            complete();
        }
    }

    private void complete() {
        Completion completion = take();
        int status = answer.status();
        switch (dialect.judge(answer, kind)) {
            case DONE -> completion.done();
            case CONFLICT -> completion.conflict();
            case ELSEWHERE -> {
                String location = answer.header("Location");
                disconnect();
                server = location.isEmpty() ? nextServer() : addressIn(location);
                completion.failed("status " + status);
            }
            case FAILED -> completion.failed("status " + status);
        }
    }

    private void broken(Exception e) {
        disconnect();
        if (waiting != null) {
            server = nextServer();
            take().failed(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        }
    }

    private Completion take() {
        Completion completion = waiting;
        if (completion == null) {
            throw new IllegalStateException("nothing in flight");
        }
        waiting = null;
        return completion;
    }

    private InetSocketAddress nextServer() {
        return all.get((all.indexOf(server) + 1) % all.size());
    }

    private static InetSocketAddress addressIn(String location) {
        URI uri = URI.create(location);
        return new InetSocketAddress(uri.getHost(), uri.getPort());
    }
}

package io.balsa.transport;

import io.balsa.raft.Envelope;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** A peer made of one plain socket, for tests of what a well-behaved server would never do. */
final class RawPeer implements Closeable {
    private final Socket socket;
    private final DataInputStream in;

    RawPeer(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(20_000);
        in = new DataInputStream(socket.getInputStream());
    }

    static RawPeer dial(int port) throws IOException {
        return new RawPeer(new Socket(InetAddress.getLoopbackAddress(), port));
    }

    static byte[] bytes(Consumer<ByteBuf> encoder) {
        ByteBuf out = Unpooled.buffer();
        encoder.accept(out);
        return ByteBufUtil.getBytes(out);
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    void send(Hello hello) throws IOException {
        send(bytes(hello::encode));
    }

    void send(Envelope envelope) throws IOException {
        send(bytes(out -> MessageCodec.encode(envelope, out)));
    }

    /** From version byte to the end. */
    ByteBuffer readFrame() throws IOException {
        int length = in.readInt();
        in.readInt();
        return ByteBuffer.wrap(in.readNBytes(length));
    }

    Hello readHello() throws IOException, MalformedFrameException, RefusedException {
        return Hello.decode(readFrame());
    }

    /** Waits until the other end has closed; false when it sent something instead. */
    boolean readsEnd() {
        try {
            return in.read() < 0;
        } catch (IOException reset) {
            return !(reset instanceof java.net.SocketTimeoutException);
        }
    }

    /** As a process that is killed while data is unread: RST instead of FIN. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

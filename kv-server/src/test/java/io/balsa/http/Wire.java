package io.balsa.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** A bare connection: it sends exactly the bytes it is told to, as no HTTP client would. */
final class Wire implements AutoCloseable {
    private final Socket socket = new Socket();

    Wire(int port) throws IOException {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 10_000);
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
    }

    /** Sends text whose every character is one byte. */
    Wire send(String latin1) throws IOException {
        return send(latin1.getBytes(StandardCharsets.ISO_8859_1));
    }

    Wire send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
        return this;
    }

    /** No more will be sent. */
    void endOfSending() throws IOException {
        socket.shutdownOutput();
    }

    /** One whole answer, whose header names its length; empty when the connection ends before. */
    String answer() throws IOException {
        InputStream in = socket.getInputStream();
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        int length = -1;
        while (true) {
            int b = in.read();
            if (b < 0) {
                return read.toString(StandardCharsets.ISO_8859_1);
            }
            read.write(b);
            String text = read.toString(StandardCharsets.ISO_8859_1);
            if (text.endsWith("\r\n\r\n")) {
                int at = text.toLowerCase(java.util.Locale.ROOT).indexOf("content-length: ");
                length = at < 0 ? 0 : Integer.parseInt(text.substring(at + 16, text.indexOf('\r', at)));
                break;
            }
        }
        read.write(in.readNBytes(length));
        return read.toString(StandardCharsets.ISO_8859_1);
    }

    /** Whether the server ends the connection, within the time of the socket, having sent nothing more. */
    boolean isClosedByServer() throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException open) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

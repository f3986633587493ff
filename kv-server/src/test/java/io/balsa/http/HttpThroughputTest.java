package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Prints how fast the door is in front of a node that costs nothing; asserts only that every answer came. */
class HttpThroughputTest {
    private static final int CONNECTIONS = 16;
    private static final int ROUNDS = 40;
    private static final int PIPELINED = 32;

    @Test
    void everyPutOfManyConnectionsIsAnswered() throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(CONNECTIONS);
        try (TestServer server = new TestServer()) {
            for (int pass = 1; pass <= 2; pass++) {
                long begin = System.nanoTime();
                List<Callable<Integer>> work = new ArrayList<>();
                for (int c = 0; c < CONNECTIONS; c++) {
                    int connection = c;
                    work.add(() -> puts(server.port, connection));
                }
                int answers = 0;
                for (Future<Integer> done : clients.invokeAll(work)) {
                    answers += done.get();
                }
                double seconds = (System.nanoTime() - begin) / 1e9;
                System.out.printf(
                        "pass %d: %d puts in %.2f s: %.0f puts/s (clients in the same process)%n",
                        pass, answers, seconds, answers / seconds);
                assertThat(answers).isEqualTo(CONNECTIONS * ROUNDS * PIPELINED);
            }
            assertThat(server.node.writes()).isEqualTo(2L * CONNECTIONS * ROUNDS * PIPELINED);
        } finally {
            clients.shutdownNow();
        }
    }

    private static int puts(int port, int connection) throws IOException {
        String request = "PUT /v1/kv/bench/" + connection + " HTTP/1.1\r\nHost: h\r\nContent-Length: 256\r\n\r\n"
                + "v".repeat(256);
        byte[] requests = request.repeat(PIPELINED).getBytes(StandardCharsets.US_ASCII);
        int answers = 0;
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(30_000);
            InputStream in = new BufferedInputStream(socket.getInputStream(), 64 << 10);
            for (int round = 0; round < ROUNDS; round++) {
                socket.getOutputStream().write(requests);
                for (int i = 0; i < PIPELINED; i++) {
                    answers += isGood(in) ? 1 : 0;
                }
            }
        }
        return answers;
    }

    /** Reads one answer: its header, and its body, which ends with the line. */
    private static boolean isGood(InputStream in) throws IOException {
        boolean good = false;
        StringBuilder line = new StringBuilder();
        boolean first = true;
        boolean body = false;
        while (true) {
            int b = in.read();
            if (b < 0) {
                return false;
            }
            if (b != '\n') {
                line.append((char) b);
                continue;
            }
            if (body) {
                return good;
            }
            if (first) {
                good = line.indexOf(" 20") > 0;
                first = false;
            }
            body = line.length() == 1;
            line.setLength(0);
        }
    }
}

package io.balsa.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.balsa.node.Shortage;
import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import io.vertx.core.net.HostAndPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is sent arrives, in order and whole, and what is lost is reported. */
@Timeout(60)
final class TcpTransportTest extends TransportFixture {
    @Test
    void threeServersExchangeMessagesInOrder() throws Exception {
        addresses.put(N3, freeAddress());
        List<Server> all = List.of(new Server(N1, "home"), new Server(N2, "home"), new Server(N3, "home"));
        all.get(0).awaitConnected(N2, N3);
        all.get(1).awaitConnected(N1, N3);
        all.get(2).awaitConnected(N1, N2);
        for (long term = 1; term <= 2000; term++) {
            for (Server server : all) {
                List<Envelope> turn = new ArrayList<>();
                for (Server other : all) {
                    if (other != server) {
                        turn.add(new Envelope(server.id, other.id, new Message.TimeoutNow(term)));
                    }
                }
                server.send(turn);
            }
        }
        List<Long> expected =
                java.util.stream.LongStream.rangeClosed(1, 2000).boxed().toList();
        for (Server server : all) {
            for (Server other : all) {
                if (other != server) {
                    awaitLast(server, other.id, 2000);
                    assertThat(terms(server.received, other.id)).isEqualTo(expected);
                }
            }
            assertThat(server.received).allMatch(envelope -> envelope.to().equals(server.id));
            TransportStats stats = server.transport.stats();
            assertThat(stats.messagesSent()).isEqualTo(4000);
            assertThat(stats.messagesReceived()).isEqualTo(4000);
            assertThat(stats.messagesDropped()).isZero();
            assertThat(stats.peersConnected()).isEqualTo(2);
            await().until(() -> server.transport.stats().bytesQueued() == 0);
        }
    }

    @Test
    void largeBatchesOfEntriesArriveWhole() throws Exception {
        Server first = new Server(N1, "home");
        Server second = new Server(N2, "home");
        first.awaitConnected(N2);
        List<Message> sent = new ArrayList<>();
        for (int batch = 0; batch < 6; batch++) {
            List<LogEntry> entries = new ArrayList<>();
            for (int i = 1; i <= 20; i++) {
                byte[] command = new byte[100_000];
                java.util.Arrays.fill(command, (byte) (batch + i));
                entries.add(new LogEntry(i, 1, ByteBuffer.wrap(command)));
            }
            Message message = new Message.AppendEntries(1, EntryId.NONE, entries, 0, batch);
            sent.add(message);
            first.send(List.of(new Envelope(N1, N2, message)));
        }
        await().until(() -> second.received.size() == sent.size());
        assertThat(second.received).extracting(Envelope::message).containsExactlyElementsOf(sent);
    }

    @Test
    void aRestartedPeerIsReachedAgainAndItsLossIsReportedOnce() throws Exception {
        Server first = new Server(N1, "home");
        Server second = new Server(N2, "home");
        first.awaitConnected(N2);
        second.awaitConnected(N1);
        get(second.transport.close());
        await().until(() -> !first.closed.isEmpty() && !first.transport.isConnectedTo(N2));
        first.send(N2, 1);
        assertThat(first.transport.stats().messagesDropped())
                .as("while it is down")
                .isEqualTo(1);

        long restarted = System.nanoTime();
        Server again = new Server(N2, "home");
        again.awaitConnected(N1);
        first.awaitConnected(N2);
        long reachedMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - restarted);
        System.out.println("a restarted peer was reached after " + reachedMillis + " ms");
        assertThat(reachedMillis).isLessThan(Backoff.CAP_MILLIS + 500);
        first.send(N2, 2);
        again.send(N1, 3);
        awaitLast(again, N1, 2);
        awaitLast(first, N2, 3);
        assertThat(first.closed).containsExactly(N2);
        assertThat(second.closed).as("its own shutdown is no loss").isEmpty();
    }

    @Test
    void aPeerThatDiesAbruptlyIsReportedExactlyOnce() throws Exception {
        Server first = new Server(N1, "home");
        RawPeer peer = RawPeer.dial(first.port);
        peer.send(helloToFirst(N2));
        assertThat(peer.readHello().refusal()).isEmpty();
        peer.reset();
        await().until(() -> !first.closed.isEmpty());
        // A second life of the same peer is the barrier behind which a second report would have been seen.
        RawPeer again = RawPeer.dial(first.port);
        again.send(helloToFirst(N2));
        again.readHello();
        again.send(new Envelope(N2, N1, new Message.TimeoutNow(8)));
        awaitLast(first, N2, 8);
        assertThat(first.closed).containsExactly(N2);
        again.close();
        await().until(() -> first.closed.size() == 2);
    }

    @Test
    void aConnectionThatANewerOneReplacesIsNoLoss() throws Exception {
        Server first = new Server(N1, "home");
        RawPeer older = RawPeer.dial(first.port);
        older.send(helloToFirst(N2));
        older.readHello();
        RawPeer newer = RawPeer.dial(first.port);
        newer.send(helloToFirst(N2));
        newer.readHello();
        assertThat(older.readsEnd()).isTrue();
        newer.send(new Envelope(N2, N1, new Message.TimeoutNow(5)));
        awaitLast(first, N2, 5);
        assertThat(first.closed).isEmpty();
        newer.close();
    }

    @Test
    void malformedBytesCloseTheConnectionWithAReasonAndAreNoLoss() throws Exception {
        Server first = new Server(N1, "home");
        RawPeer peer = RawPeer.dial(first.port);
        peer.send(helloToFirst(N2));
        peer.readHello();
        byte[] damaged =
                RawPeer.bytes(out -> MessageCodec.encode(new Envelope(N2, N1, new Message.TimeoutNow(5)), out));
        damaged[damaged.length - 1] ^= 1;
        peer.send(damaged);
        assertThat(peer.readsEnd()).isTrue();
        assertThat(first.transport.stats().malformedFrames()).isEqualTo(1);
        assertThat(logLines.lines).anyMatch(line -> line.contains("n2") && line.contains("checksum"));
        assertThat(first.closed).isEmpty();
        assertThat(first.received).isEmpty();
    }

    @Test
    void aStrangersBytesCloseTheConnection() throws Exception {
        Server first = new Server(N1, "home");
        RawPeer stranger = RawPeer.dial(first.port);
        stranger.send("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThat(stranger.readsEnd()).isTrue();
        assertThat(first.transport.stats().malformedFrames()).isEqualTo(1);
    }

    @Test
    void unreachablePeersDoNotDelayTheOthers() throws Exception {
        NodeId unresolvable = new NodeId(4);
        addresses.put(unresolvable, HostAndPort.create("no-such-host.invalid", 9));
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ClosingList filler = new ClosingList()) {
            fillBacklog(full, filler);
            addresses.put(N3, HostAndPort.create(LOOPBACK, full.getLocalPort()));
            Server first = new Server(N1, "home");
            Server second = new Server(N2, "home");
            first.awaitConnected(N2);
            second.awaitConnected(N1);
            long worstNanos = 0;
            for (long term = 1; term <= 300; term++) {
                long sent = System.nanoTime();
                first.send(List.of(
                        new Envelope(N1, N3, new Message.TimeoutNow(term)),
                        new Envelope(N1, unresolvable, new Message.TimeoutNow(term)),
                        new Envelope(N1, N2, new Message.TimeoutNow(term))));
                long expected = term;
                await().pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> second.received.size() == expected);
                worstNanos = Math.max(worstNanos, System.nanoTime() - sent);
            }
            System.out.println(
                    "worst delay beside two unreachable peers: " + TimeUnit.NANOSECONDS.toMicros(worstNanos) + " us");
            assertThat(worstNanos).isLessThan(TimeUnit.MILLISECONDS.toNanos(900));
            assertThat(first.transport.stats().messagesDropped()).isEqualTo(600);
        }
    }

    /** Connects until the kernel drops further attempts silently, as a black hole does. */
    private static void fillBacklog(ServerSocket full, ClosingList filler) throws IOException {
        for (int i = 0; i < 16; i++) {
            Socket socket = new Socket();
            filler.sockets.add(socket);
            try {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), full.getLocalPort()), 200);
            } catch (SocketTimeoutException blackHole) {
                return;
            }
        }
        throw new AssertionError("the backlog of a server socket never filled");
    }

    private static final class ClosingList implements AutoCloseable {
        final List<Socket> sockets = new ArrayList<>();

        @Override
        public void close() throws IOException {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void aPeerThatDoesNotReadHoldsBoundedMemoryAndIsGivenUp() throws Exception {
        try (ServerSocket slow = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            addresses.put(N2, HostAndPort.create(LOOPBACK, slow.getLocalPort()));
            Server first = new Server(N1, "home");
            RawPeer peer = new RawPeer(slow.accept());
            peer.readHello();
            peer.send(helloToFirst(N2));
            first.awaitConnected(N2);
            Message mebibyte = new Message.AppendEntries(
                    1, EntryId.NONE, List.of(new LogEntry(1, 1, ByteBuffer.allocate(1 << 20))), 0, 0);
            long worstNanos = 0;
            for (int i = 0; i < 100; i++) {
                long start = System.nanoTime();
                first.send(List.of(new Envelope(N1, N2, mebibyte)));
                worstNanos = Math.max(worstNanos, System.nanoTime() - start);
                assertThat(first.transport.stats().bytesQueued()).isLessThanOrEqualTo(Outbox.BYTES_MAX);
            }
            assertThat(first.transport.stats().messagesDropped()).isGreaterThan(50);
            assertThat(worstNanos).as("send never waits").isLessThan(TimeUnit.MILLISECONDS.toNanos(500));
            // No pong comes from it, so it is dialled afresh, and what waited for it is forgotten.
            RawPeer again = new RawPeer(slow.accept());
            assertThat(again.readHello().from()).isEqualTo(N1);
            await().until(() -> first.transport.stats().bytesQueued() == 0);
            assertThat(logLines.lines).anyMatch(line -> line.contains("did not answer a ping"));
            peer.close();
            again.close();
        }
    }

    @Test
    void aQuietConnectionStays() throws Exception {
        Server first = new Server(N1, "home");
        Server second = new Server(N2, "home");
        first.awaitConnected(N2);
        second.awaitConnected(N1);
        // Longer than a pong may take; the connection lives by its pings alone.
        await().pollDelay(Duration.ofMillis(PeerConnection.PONG_TIMEOUT_MILLIS + 1500))
                .until(() -> true);
        assertThat(first.transport.stats().losses()).isZero();
        assertThat(first.transport.stats().connects()).isEqualTo(1);
        assertThat(second.transport.stats().losses()).isZero();
    }

    @Test
    void aServerTellsWhatItIsShortOf() throws Exception {
        Server first = new Server(N1, "home");
        Server second = new Server(N2, "home");
        first.awaitConnected(N2);
        Shortage full = new Shortage(Shortage.Kind.DISK, 64 << 20, 5);
        second.shortage = full;
        await().until(() -> full.equals(first.transport.shortageOf(N2)));
        assertThat(second.transport.shortageOf(N1)).isNull();
        second.shortage = null;
        await().until(() -> first.transport.shortageOf(N2) == null);
        second.shortage = full;
        await().until(() -> full.equals(first.transport.shortageOf(N2)));
        get(second.transport.close());
        await("who is away holds nobody up").until(() -> first.transport.shortageOf(N2) == null);
    }

    @Test
    void whoSaysNoHelloIsClosed() throws Exception {
        Server first = new Server(N1, "home");
        RawPeer silent = RawPeer.dial(first.port);
        RawPeer slow = RawPeer.dial(first.port);
        slow.send(java.util.Arrays.copyOf(RawPeer.bytes(helloToFirst(N2)::encode), 30));
        assertThat(silent.readsEnd()).isTrue();
        assertThat(slow.readsEnd()).isTrue();
        assertThat(first.transport.stats().refusals()).isEqualTo(2);
        assertThat(logLines.lines).anyMatch(line -> line.contains("no hello within"));
    }

    @Test
    void strangersCannotKeepPeersOut() throws Exception {
        Server first = new Server(N1, "home");
        List<RawPeer> strangers = new ArrayList<>();
        for (int i = 0; i < Acceptor.GREETING_MAX + 10; i++) {
            strangers.add(RawPeer.dial(first.port));
        }
        assertThat(strangers.get(0).readsEnd()).as("the oldest goes").isTrue();
        RawPeer peer = RawPeer.dial(first.port);
        peer.send(helloToFirst(N2));
        assertThat(peer.readHello().refusal()).isEmpty();
        assertThat(first.transport.stats().refusals()).isEqualTo(11);
        for (RawPeer stranger : strangers) {
            stranger.close();
        }
        peer.close();
    }

    @Test
    void aPortInUseIsSaidClearly() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            addresses.put(N1, HostAndPort.create(LOOPBACK, other.getLocalPort()));
            assertThatThrownBy(() -> new Server(N1, "home"))
                    .hasMessageContaining("cannot listen for other servers on 127.0.0.1:" + other.getLocalPort())
                    .hasMessageContaining("in use");
        }
    }

    @Test
    void portZeroListensOnAFreePort() throws Exception {
        addresses.put(N1, HostAndPort.create(LOOPBACK, 0));
        Server first = new Server(N1, "home");
        assertThat(first.port).isPositive();
        RawPeer peer = RawPeer.dial(first.port);
        peer.send(helloToFirst(N2));
        assertThat(peer.readHello().from()).isEqualTo(N1);
        peer.close();
    }
}

package io.balsa.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import io.vertx.core.Vertx;
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
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(60)
final class TcpTransportTest {
    private static final NodeId N1 = new NodeId(1);
    private static final NodeId N2 = new NodeId(2);
    private static final NodeId N3 = new NodeId(3);
    private static final String LOOPBACK = "127.0.0.1";

    private final Vertx vertx = Vertx.vertx();
    private final SortedMap<NodeId, HostAndPort> addresses = new TreeMap<>();
    private final List<Server> servers = new ArrayList<>();
    private final LogLines logLines = new LogLines();

    /** A transport and what came out of it. */
    private final class Server {
        final NodeId id;
        final TcpTransport transport;
        final Queue<Envelope> received = new ConcurrentLinkedQueue<>();
        final Queue<NodeId> closed = new ConcurrentLinkedQueue<>();
        final Queue<Greeting> met = new ConcurrentLinkedQueue<>();
        final int port;

        Server(NodeId id, String clusterId) throws IOException {
            this.id = id;
            TransportConfig config = new TransportConfig(
                    id,
                    clusterId,
                    "data-" + id,
                    Objects.requireNonNull(addresses.get(id)).toString(),
                    "http://" + id,
                    Objects.requireNonNull(addresses.get(id)),
                    addresses,
                    Map.of());
            transport = new TcpTransport(vertx, config, received::addAll, closed::add, met::add, () -> 0);
            servers.add(this);
            port = get(transport.start());
        }

        void send(NodeId to, long term) {
            transport.send(List.of(new Envelope(id, to, new Message.TimeoutNow(term))));
        }

        void awaitConnected(NodeId... peers) {
            for (NodeId peer : peers) {
                await().pollInterval(Duration.ofMillis(2)).until(() -> transport.isConnectedTo(peer));
            }
        }
    }

    private static final class LogLines extends AppenderBase<ILoggingEvent> {
        final Queue<String> lines = new ConcurrentLinkedQueue<>();

        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage());
        }
    }

    private static <T> T get(io.vertx.core.Future<T> future) throws IOException {
        try {
            return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException failed) {
            throw new IOException(failed.getCause());
        } catch (InterruptedException | java.util.concurrent.TimeoutException late) {
            throw new AssertionError(late);
        }
    }

    private static HostAndPort freeAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return HostAndPort.create(LOOPBACK, socket.getLocalPort());
        }
    }

    @BeforeEach
    void drawAddresses() throws IOException {
        addresses.put(N1, freeAddress());
        addresses.put(N2, freeAddress());
        logLines.start();
        ((Logger) LoggerFactory.getLogger(TcpTransport.class)).addAppender(logLines);
    }

    @AfterEach
    void closeAll() throws IOException {
        for (Server server : servers) {
            get(server.transport.close());
        }
        get(vertx.close());
        ((Logger) LoggerFactory.getLogger(TcpTransport.class)).detachAppender(logLines);
    }

    private Hello helloToFirst(NodeId from) {
        return new Hello(from, N1, "home", "data-raw", "", "http://raw", "", 0, false, "");
    }

    private static List<Long> terms(Queue<Envelope> received, NodeId from) {
        return received.stream()
                .filter(envelope -> envelope.from().equals(from))
                .map(envelope -> envelope.message().term())
                .toList();
    }

    private static void awaitLast(Server server, NodeId from, long term) {
        await().pollInterval(Duration.ofMillis(5))
                .until(() -> terms(server.received, from).contains(term));
    }

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
                server.transport.send(turn);
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
    void theHellosTellTheHttpUrlAndTheDataDirectoryOfEveryPeer() throws Exception {
        Server first = new Server(N1, "home");
        assertThat(first.transport.httpUrlOf(N2)).isNull();
        Server second = new Server(N2, "home");
        first.awaitConnected(N2);
        second.awaitConnected(N1);
        assertThat(first.transport.httpUrlOf(N2)).isEqualTo("http://n2");
        assertThat(second.transport.dataDirectoryIdOf(N1)).isEqualTo("data-n1");
        assertThat(second.transport.httpUrlOf(N3)).isNull();
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
            first.transport.send(List.of(new Envelope(N1, N2, message)));
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
    void anotherClustersServerIsRefusedAndBothSidesSayWhy() throws Exception {
        new Server(N1, "home");
        new Server(N2, "away");
        await().until(() -> logLines.lines.stream()
                .anyMatch(line -> line.startsWith("no connection to n1")
                        && line.contains("n2 belongs to cluster 'away', n1 to cluster 'home'")));
        await().until(() -> logLines.lines.stream()
                .anyMatch(line -> line.startsWith("refused a connection")
                        && line.contains("n2 belongs to cluster 'away', n1 to cluster 'home'")));
        assertThat(servers.get(0).transport.stats().refusals()).isPositive();
        assertThat(servers.get(0).transport.isConnectedTo(N2)).isFalse();
        assertThat(servers.get(0).closed).isEmpty();
    }

    @Test
    void theServersOwnIdWrongAddresseesAndOtherVersionsAreRefused() throws Exception {
        Server first = new Server(N1, "home");
        RawPeer double_ = RawPeer.dial(first.port);
        double_.send(helloToFirst(N1));
        assertThat(double_.readHello().refusal()).isEqualTo("this server is n1 itself");
        assertThat(double_.readsEnd()).isTrue();

        RawPeer lost = RawPeer.dial(first.port);
        lost.send(new Hello(N2, N3, "home", "d", "", "", "", 0, false, ""));
        assertThat(lost.readHello().refusal()).startsWith("n2 looks for n3 at this address, but n1 is here");
        assertThat(lost.readsEnd()).isTrue();

        RawPeer newer = RawPeer.dial(first.port);
        ByteBuffer hello = ByteBuffer.wrap(RawPeer.bytes(helloToFirst(N2)::encode));
        hello.put(Frame.PREFIX_BYTES, (byte) 7);
        int length = hello.getInt(0);
        hello.putInt(4, Frame.checksum(length, hello.slice(Frame.PREFIX_BYTES, length)));
        newer.send(hello.array());
        assertThat(newer.readHello().refusal()).contains("version 7").contains("version 1");
        assertThat(newer.readsEnd()).isTrue();
        assertThat(first.transport.stats().refusals()).isEqualTo(3);
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
                first.transport.send(List.of(
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
                first.transport.send(List.of(new Envelope(N1, N2, mebibyte)));
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

    private static Membership members(NodeId... ids) {
        return new Membership(
                7,
                "home",
                java.util.Arrays.stream(ids)
                        .map(id -> new Member(id, Member.Standing.VOTER, "data-" + id, "127.0.0.1:1"))
                        .toList());
    }

    @Test
    void membersThatComeAreDialledAndMembersThatGoAreNot() throws Exception {
        addresses.put(N3, freeAddress());
        Server first = new Server(N1, "home");
        Server second = new Server(N2, "home");
        first.awaitConnected(N2);
        Server third = new Server(N3, "home");
        third.awaitConnected(N1, N2);
        first.transport.membership(members(N1, N2, N3));
        first.awaitConnected(N2, N3);

        third.transport.membership(members(N3));
        third.transport.membership(members(N1, N3));
        second.transport.membership(members(N1, N2));
        first.transport.membership(members(N1, N2));
        await().until(() -> !second.transport.isConnectedTo(N3) && !third.transport.isConnectedTo(N2));
        first.send(N2, 9);
        await().until(() -> !second.received.isEmpty());
        assertThat(second.received.peek().directoryId()).isEqualTo("data-n1");
    }

    @Test
    void aVisitorIsDialledBackAndBothSayWhatTheyExpect() throws Exception {
        Server first = new Server(N1, "home");
        first.transport.membership(members(N1, N2));
        addresses.put(N3, freeAddress());
        Server third = new Server(N3, "home");
        third.awaitConnected(N1);
        first.awaitConnected(N3);
        Server second = new Server(N2, "home");
        second.awaitConnected(N1);
        // The third one, which knows of no membership, may have visited the second by now.
        await().atMost(Duration.ofSeconds(10))
                .until(() -> expectationsOf(N1, second).contains("data-n2"));
        assertThat(expectationsOf(N1, second)).containsOnly("data-n2");
        assertThat(expectationsOf(N1, third)).isNotEmpty().containsOnly("");
    }

    private static List<String> expectationsOf(NodeId visitor, Server visited) {
        return visited.met.stream()
                .filter(greeting -> greeting.from().equals(visitor))
                .map(Greeting::expects)
                .toList();
    }

    @Test
    void aProbeSaysWhoIsThereOrWhyNobodyIs() throws Exception {
        Server first = new Server(N1, "home");
        Server second = new Server(N2, "home");
        HostAndPort there = HostAndPort.create(LOOPBACK, second.port);
        Greeting found = get(first.transport.probe(N2, there, 2_000));
        assertThat(found.directoryId()).isEqualTo("data-n2");
        assertThatThrownBy(() -> get(first.transport.probe(N3, there, 2_000)))
                .hasMessageContaining("n2 is at 127.0.0.1");
        assertThatThrownBy(() -> get(first.transport.probe(N3, freeAddress(), 2_000)))
                .hasMessageContaining("cannot connect to");
        addresses.put(N3, freeAddress());
        Server stranger = new Server(N3, "away");
        assertThatThrownBy(() -> get(first.transport.probe(N3, HostAndPort.create(LOOPBACK, stranger.port), 2_000)))
                .hasMessageContaining("n3 at 127.0.0.1:" + stranger.port + " belongs to cluster 'away', not to 'home'");
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            HostAndPort silentAddress = HostAndPort.create(LOOPBACK, silent.getLocalPort());
            assertThatThrownBy(() -> get(first.transport.probe(N3, silentAddress, 200)))
                    .hasMessageContaining("nothing answered");
        }
    }
}

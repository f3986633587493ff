package io.balsa.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.vertx.core.net.HostAndPort;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whom a server dials, what the two say when they meet, and whom they refuse. */
@Timeout(60)
final class MeetingTest extends TransportFixture {
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

    private static Membership members(NodeId... ids) {
        return new Membership(
                7,
                "home",
                java.util.Arrays.stream(ids)
                        .map(id -> new Member(id, Member.Standing.VOTER, "data-" + id, "127.0.0.1:1"))
                        .toList());
    }
}

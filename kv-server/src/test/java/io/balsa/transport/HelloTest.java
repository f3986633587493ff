package io.balsa.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.raft.NodeId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class HelloTest {
    private static final Hello HELLO =
            new Hello(new NodeId(1), new NodeId(2), "home", "d-17", "", "http://127.0.0.1:8081", "", 0, false, "");

    private static ByteBuffer frame(Hello hello) {
        ByteBuf out = Unpooled.buffer();
        hello.encode(out);
        return out.nioBuffer(Frame.PREFIX_BYTES, out.readableBytes() - Frame.PREFIX_BYTES);
    }

    @Test
    void aHelloComesBackAsItWasSent() throws Exception {
        assertThat(Hello.decode(frame(HELLO))).isEqualTo(HELLO);
        Hello refusing = HELLO.refusing(new NodeId(3), "wrong cluster: ¿qué?");
        assertThat(Hello.decode(frame(refusing))).isEqualTo(refusing);
    }

    @Test
    void aRefusalThatIsTooLongIsCutBetweenTwoCharacters() throws Exception {
        Hello refusing = HELLO.refusing(new NodeId(2), "x" + "é".repeat(Hello.TEXT_BYTES_MAX));
        String refusal = Hello.decode(frame(refusing)).refusal();
        assertThat(refusal).isEqualTo("x" + "é".repeat((Hello.TEXT_BYTES_MAX - 1) / 2));
    }

    @Test
    void theLongestHelloFits() {
        String longest = "x".repeat(Hello.TEXT_BYTES_MAX);
        Hello hello =
                new Hello(new NodeId(1), new NodeId(2), longest, longest, longest, longest, longest, 0, false, longest);
        assertThat(frame(hello).remaining()).isLessThanOrEqualTo(Hello.LENGTH_MAX);
    }

    @Test
    void anotherVersionIsRefusedByNumberAndItsRefusalIsStillRead() {
        ByteBuffer frame = ByteBuffer.allocate(4096)
                .put(frame(HELLO.refusing(new NodeId(2), "too old")))
                .flip();
        frame.put(0, (byte) 2);
        assertThatThrownBy(() -> Hello.decode(frame))
                .isInstanceOf(RefusedException.class)
                .hasMessage("it speaks protocol version 2, this server version 1; it says: too old");
    }

    @Test
    void everyTruncationIsRefused() {
        ByteBuffer whole = frame(HELLO);
        for (int length = 0; length < whole.remaining(); length++) {
            ByteBuffer cut = whole.slice(0, length);
            assertThatThrownBy(() -> Hello.decode(cut)).isInstanceOf(MalformedFrameException.class);
        }
    }

    @Test
    void damagedHellosAreRefusedOrReadable() {
        long seed = Long.getLong("balsa.seed", System.nanoTime());
        System.out.println("damagedHellosAreRefusedOrReadable -Dbalsa.seed=" + seed);
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        for (int i = 0; i < 5_000; i++) {
            ByteBuffer damaged = ByteBuffer.allocate(4096).put(frame(HELLO)).flip();
            for (int n = 0; n < 3; n++) {
                damaged.put(random.nextInt(damaged.remaining()), (byte) random.nextInt(256));
            }
            try {
                Hello hello = Hello.decode(damaged);
                assertThat(hello.clusterId()).doesNotContain("\n", "\u0000");
            } catch (MalformedFrameException | RefusedException expected) {
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    @Test
    void aMismatchNamesBothValues() {
        Hello stranger = new Hello(new NodeId(2), new NodeId(1), "away", "d-2", "", "", "", 0, false, "");
        assertThat(HELLO.mismatch(stranger)).isEqualTo("n2 belongs to cluster 'away', n1 to cluster 'home'");
        Hello lost = new Hello(new NodeId(2), new NodeId(5), "home", "d-2", "", "", "", 0, false, "");
        assertThat(HELLO.mismatch(lost)).startsWith("n2 looks for n5 at this address, but n1 is here");
        assertThat(HELLO.mismatch(new Hello(new NodeId(2), new NodeId(1), "home", "d-2", "", "", "", 0, false, "")))
                .isNull();
    }

    @Test
    void textsThatCannotBeSentAreRefusedAtOnce() {
        NodeId first = new NodeId(1);
        assertThatThrownBy(() -> new Hello(first, first, "a\nb", "", "", "", "", 0, false, ""))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() ->
                        new Hello(first, first, "x".repeat(Hello.TEXT_BYTES_MAX + 1), "", "", "", "", 0, false, ""))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

package io.balsa.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.raft.EntryId;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class MessageCodecTest {
    private static byte[] frame(Message message) {
        ByteBuf out = Unpooled.buffer();
        MessageCodec.encode(RandomMessages.fromFirstToSecond(message), out);
        return ByteBufUtil.getBytes(out);
    }

    /** A frame with a right checksum around any body. */
    private static byte[] frame(byte version, int kind, ByteBuffer body) {
        int length = 2 + body.remaining();
        ByteBuffer rest = ByteBuffer.allocate(length)
                .put(version)
                .put((byte) kind)
                .put(body)
                .flip();
        ByteBuffer frame = ByteBuffer.allocate(Frame.PREFIX_BYTES + length);
        frame.putInt(length).putInt(Frame.checksum(length, rest.duplicate())).put(rest);
        return frame.array();
    }

    private static List<Message> decodeAll(FrameReader reader) throws MalformedFrameException {
        List<Message> messages = new ArrayList<>();
        for (ByteBuffer frame = reader.next(); frame != null; frame = reader.next()) {
            messages.add(MessageCodec.decode(frame));
        }
        return messages;
    }

    private static List<Message> decodeAll(byte[] bytes) throws MalformedFrameException {
        FrameReader reader = new FrameReader(Frame.LENGTH_MAX);
        reader.add(Buffer.buffer(bytes));
        return decodeAll(reader);
    }

    private static SplittableRandom seeded(String test) {
        long seed = Long.getLong("balsa.seed", System.nanoTime());
        System.out.println(test + " -Dbalsa.seed=" + seed);
        return new SplittableRandom(seed);
    }

    @Test
    void everyKindOfMessageComesBackAsItWasSent() throws Exception {
        RandomMessages messages = new RandomMessages(seeded("everyKindOfMessageComesBackAsItWasSent"));
        for (int i = 0; i < 10_000; i++) {
            Message message = messages.draw(i % RandomMessages.KINDS);
            byte[] frame = frame(message);
            assertThat(decodeAll(frame)).containsExactly(message);
            assertThat(frame.length).isLessThanOrEqualTo(MessageCodec.frameBytesMax(message));
        }
    }

    @Test
    void messagesAreCutOutOfTheStreamWhereverItsReadsEnd() throws Exception {
        SplittableRandom random = seeded("messagesAreCutOutOfTheStreamWhereverItsReadsEnd");
        RandomMessages messages = new RandomMessages(random.split());
        List<Message> sent = new ArrayList<>();
        ByteBuf stream = Unpooled.buffer();
        for (int i = 0; i < 5000; i++) {
            Message message = messages.draw();
            sent.add(message);
            MessageCodec.encode(RandomMessages.fromFirstToSecond(message), stream);
        }
        FrameReader reader = new FrameReader(Frame.LENGTH_MAX);
        List<Message> received = new ArrayList<>();
        while (stream.isReadable()) {
            byte[] read = new byte[Math.min(stream.readableBytes(), 1 + random.nextInt(9000))];
            stream.readBytes(read);
            reader.add(Buffer.buffer(read));
            received.addAll(decodeAll(reader));
        }
        assertThat(received).isEqualTo(sent);
    }

    @Test
    void aTruncatedFrameIsNeverTakenForAMessage() throws Exception {
        RandomMessages messages = new RandomMessages(seeded("aTruncatedFrameIsNeverTakenForAMessage"));
        for (int kind = 0; kind < RandomMessages.KINDS; kind++) {
            byte[] frame = frame(messages.draw(kind));
            for (int length = 0; length < frame.length; length++) {
                assertThat(decodeAll(Arrays.copyOf(frame, length))).isEmpty();
            }
        }
    }

    @Test
    void aTruncatedBodyWithARightChecksumIsRefusedOrAShorterListOfEntries() {
        RandomMessages messages = new RandomMessages(seeded("aTruncatedBodyWithARightChecksumIsRefused"));
        for (int i = 0; i < 10 * RandomMessages.KINDS; i++) {
            Message message = messages.draw(i % RandomMessages.KINDS);
            byte[] whole = frame(message);
            for (int bytes = 0; bytes < whole.length - Frame.HEADER_BYTES; bytes++) {
                byte[] cut = frame(
                        Frame.VERSION,
                        whole[Frame.HEADER_BYTES - 1],
                        ByteBuffer.wrap(whole, Frame.HEADER_BYTES, bytes));
                try {
                    Message decoded = decodeAll(cut).get(0);
                    if (decoded instanceof Message.InstallSnapshot shorter) { // Whose data has a checksum of its own.
                        assertThat(((Message.InstallSnapshot) message)
                                        .data()
                                        .slice(0, shorter.data().remaining()))
                                .isEqualTo(shorter.data());
                        continue;
                    }
                    assertThat(message).isInstanceOf(Message.AppendEntries.class);
                    List<LogEntry> shorter = ((Message.AppendEntries) decoded).entries();
                    assertThat(shorter)
                            .isEqualTo(
                                    ((Message.AppendEntries) message).entries().subList(0, shorter.size()));
                } catch (MalformedFrameException refused) {
                    assertThat(refused).hasMessageMatching("a frame ends within.*|a command claims.*|a chunk of 0.*");
                }
            }
        }
    }

    @Test
    void noFlippedBitGoesUnnoticed() {
        RandomMessages messages = new RandomMessages(seeded("noFlippedBitGoesUnnoticed"));
        for (int i = 0; i < RandomMessages.KINDS; i++) {
            byte[] frame = frame(messages.draw(i % RandomMessages.KINDS));
            for (int bit = 0; bit < 8 * frame.length; bit++) {
                // Zeros behind it, so that a length which grew a little finds the bytes that it claims.
                byte[] flipped = Arrays.copyOf(frame, frame.length + 5000);
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                try {
                    assertThat(decodeAll(flipped)).as("bit %d", bit).isEmpty();
                    assertThat(ByteBuffer.wrap(flipped).getInt()).isGreaterThan(flipped.length - Frame.PREFIX_BYTES);
                } catch (MalformedFrameException refused) {
                    assertThat(refused).hasMessageMatching("a frame (claims|of).*");
                }
            }
        }
    }

    @Test
    void garbageIsRefusedAndKeepsNoMemory() {
        SplittableRandom random = seeded("garbageIsRefusedAndKeepsNoMemory");
        for (int i = 0; i < 20_000; i++) {
            byte[] garbage = new byte[random.nextInt(200)];
            random.nextBytes(garbage);
            try {
                assertThat(decodeAll(garbage)).isEmpty();
            } catch (MalformedFrameException refused) {
                assertThat(refused).hasMessageContaining("frame");
            }
        }
    }

    @Test
    void garbageBodiesWithARightChecksumAreRefusedOrDecoded() {
        SplittableRandom random = seeded("garbageBodiesWithARightChecksumAreRefusedOrDecoded");
        int decoded = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] body = new byte[random.nextInt(80)];
            for (int at = 0; at < body.length; at++) {
                body[at] = (byte) (random.nextInt(3) == 0 ? random.nextInt(256) : 0);
            }
            try {
                decoded += decodeAll(frame(Frame.VERSION, random.nextInt(14), ByteBuffer.wrap(body)))
                        .size();
            } catch (MalformedFrameException refused) {
                assertThat(refused.getMessage()).isNotBlank();
            }
        }
        assertThat(decoded).isPositive();
    }

    @Test
    void aLengthBeyondTheLimitIsRefusedBeforeItsBytesArrive() {
        for (int length : new int[] {Frame.LENGTH_MAX + 1, Integer.MAX_VALUE, -1, Integer.MIN_VALUE, 1, 0}) {
            byte[] claim = ByteBuffer.allocate(4).putInt(length).array();
            assertThatThrownBy(() -> decodeAll(claim))
                    .isInstanceOf(MalformedFrameException.class)
                    .hasMessageContaining("claims");
        }
    }

    @Test
    void aCommandLongerThanItsFrameIsRefusedUnallocated() {
        for (int length : new int[] {1, Integer.MAX_VALUE, -1}) {
            ByteBuffer body = ByteBuffer.allocate(8 * Long.BYTES + Long.BYTES + 1 + Integer.BYTES);
            body.position(9 * Long.BYTES + 1);
            body.putInt(length).flip();
            assertThatThrownBy(() -> decodeAll(frame(Frame.VERSION, 5, body)))
                    .isInstanceOf(MalformedFrameException.class)
                    .hasMessageContaining("a command claims");
        }
    }

    @Test
    void anEntryOfUnknownKindAndAMembershipThatCannotBeReadAreRefused() {
        for (byte kind : new byte[] {1, 2, -1}) {
            ByteBuffer body = ByteBuffer.allocate(8 * Long.BYTES + Long.BYTES + 1 + Integer.BYTES);
            body.put(9 * Long.BYTES, kind);
            assertThatThrownBy(() -> decodeAll(frame(Frame.VERSION, 5, body)))
                    .isInstanceOf(MalformedFrameException.class)
                    .hasMessageContaining(kind == 1 ? "membership" : "unknown kind");
        }
    }

    @Test
    void anotherVersionIsRefusedWithBothNumbers() {
        assertThatThrownBy(() -> decodeAll(frame((byte) 9, 9, ByteBuffer.allocate(8))))
                .isInstanceOf(MalformedFrameException.class)
                .hasMessageContaining("version 9")
                .hasMessageContaining("speaks 1");
    }

    @Test
    void entriesThatDoNotFollowPrevLogAreABug() {
        Message gap = new Message.AppendEntries(
                1, new EntryId(4, 1), List.of(new LogEntry(6, 1, ByteBuffer.allocate(1))), 4, 0);
        assertThatThrownBy(() -> frame(gap)).isInstanceOf(AssertionError.class).hasMessageContaining("index 5");
    }

    @Test
    void aDecodedCommandKeepsNothingElseAlive() throws Exception {
        Message message = new Message.AppendEntries(
                1, EntryId.NONE, List.of(new LogEntry(1, 1, ByteBuffer.wrap(new byte[] {7}))), 0, 0);
        byte[] frame = frame(message);
        FrameReader reader = new FrameReader(Frame.LENGTH_MAX);
        reader.add(Buffer.buffer(frame));
        Message decoded = decodeAll(reader).get(0);
        // The reader's memory is used again: what was decoded from it must not change.
        reader.add(Buffer.buffer(new byte[frame.length]));
        assertThat(decoded).isEqualTo(message);
    }
}

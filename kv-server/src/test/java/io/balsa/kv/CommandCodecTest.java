package io.balsa.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Every command comes back as it was, and nothing but a command comes back from other bytes. */
class CommandCodecTest {
    @Test
    void theFormatIsTheOneThatIsDrawn() {
        Command put = new Command.Put(Key.of("key"), buffer(new byte[] {9, 8}), new Precondition.ModRevision(57), true);
        assertThat(hex(CommandCodec.encode(put)))
                .isEqualTo("0101" + "030000000000000039" + "01" + "00036b6579" + "000000020908");
        Command delete = new Command.Delete(Key.of("key"), Precondition.PRESENT, false);
        assertThat(hex(CommandCodec.encode(new Command.Once(new IdempotencyKey("i"), delete))))
                .isEqualTo("0104" + "0169" + "02" + "02" + "00" + "00036b6579");
        Command range = new Command.DeleteRange(new KeyRange(new byte[] {1}, new byte[] {2}), 256);
        assertThat(hex(CommandCodec.encode(range))).isEqualTo("0103" + "00000100" + "000101" + "01" + "000102");
    }

    @Test
    void everyCommandComesBackAsItWas() throws MalformedCommandException {
        RandomCommands commands = new RandomCommands(new Random(RandomCommands.seed("CommandCodecTest.roundTrip")));
        for (int i = 0; i < 5_000; i++) {
            Command command = commands.next(i);
            ByteBuffer bytes = CommandCodec.encode(command);
            Command decoded = CommandCodec.decode(bytes);
            assertThat(CommandCodec.encode(decoded)).isEqualTo(bytes);
            if (!hasLongBound(command)) {
                assertThat(decoded).isEqualTo(command);
            }
        }
    }

    @Test
    void aBoundThatIsTooLongToMatterIsCutAndMeansTheSame() throws MalformedCommandException {
        byte[] bound = new byte[100_000];
        Arrays.fill(bound, (byte) 'x');
        KeyRange range = new KeyRange(bound, null);
        Command.DeleteRange decoded =
                (Command.DeleteRange) CommandCodec.decode(CommandCodec.encode(new Command.DeleteRange(range, 1)));
        assertThat(decoded.range().start()).hasSize(481);
        for (int length : new int[] {1, 479, 480}) {
            Key key = Key.of(Arrays.copyOf(bound, length));
            assertThat(Arrays.compareUnsigned(key.toBytes(), decoded.range().start()))
                    .isNegative();
            byte[] greater = key.toBytes();
            greater[length - 1]++;
            assertThat(Arrays.compareUnsigned(greater, decoded.range().start())).isPositive();
        }
    }

    @Test
    void theValueIsAViewOfTheBytesAndNotACopy() throws MalformedCommandException {
        ByteBuffer encoded = CommandCodec.encode(
                new Command.Put(Key.of("k"), buffer(new byte[] {1, 2, 3}), Precondition.NONE, false));
        ByteBuffer bytes = ByteBuffer.allocate(encoded.remaining()).put(encoded).flip();
        Command.Put put = (Command.Put) CommandCodec.decode(bytes);
        bytes.put(bytes.limit() - 1, (byte) 7);
        assertThat(put.value().get(2)).isEqualTo((byte) 7);
        assertThat(put.value().isReadOnly()).isTrue();
        assertThat(bytes.position()).isZero();
    }

    @Test
    void everyTruncationAndEveryExtensionIsRefused() {
        RandomCommands commands = new RandomCommands(new Random(RandomCommands.seed("CommandCodecTest.truncation")));
        for (int i = 0; i < 100; i++) {
            ByteBuffer bytes = CommandCodec.encode(commands.next(i));
            for (int length = 0; length < bytes.limit(); length++) {
                ByteBuffer part = bytes.slice(0, length);
                assertThatThrownBy(() -> CommandCodec.decode(part))
                        .as("%d bytes of %s", length, hex(bytes))
                        .isInstanceOf(MalformedCommandException.class);
            }
            ByteBuffer longer = ByteBuffer.allocate(bytes.limit() + 1)
                    .put(bytes.duplicate())
                    .clear();
            assertThatThrownBy(() -> CommandCodec.decode(longer)).isInstanceOf(MalformedCommandException.class);
        }
    }

    @Test
    void aFlippedBitGivesAnotherCommandOrARefusalAndNothingElse() {
        RandomCommands commands = new RandomCommands(new Random(RandomCommands.seed("CommandCodecTest.flip")));
        for (int i = 0; i < 100; i++) {
            ByteBuffer bytes = CommandCodec.encode(commands.next(i));
            for (int bit = 0; bit < Math.min(bytes.limit(), 100) * 8; bit++) {
                byte[] flipped = new byte[bytes.limit()];
                bytes.get(0, flipped);
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                decodeOrRefuse(flipped);
            }
        }
    }

    @Test
    void garbageIsRefusedOrIsTheOneFormOfACommand() {
        Random random = new Random(RandomCommands.seed("CommandCodecTest.garbage"));
        for (int i = 0; i < 100_000; i++) {
            byte[] garbage = new byte[random.nextInt(40)];
            random.nextBytes(garbage);
            if (garbage.length > 2 && random.nextInt(10) != 0) {
                garbage[0] = 1;
                garbage[1] = (byte) (1 + random.nextInt(4));
                for (int at = 2; at < garbage.length; at++) {
                    garbage[at] = (byte) (random.nextInt(3) == 0 ? garbage[at] : random.nextInt(4));
                }
            }
            decodeOrRefuse(garbage);
        }
    }

    @Test
    void lengthsThatTheBytesDoNotBearOutAllocateNothing() {
        for (String hex : new String[] {
            "010100" + "00" + "00016b" + "7fffffff", // A value of 2 GiB.
            "010100" + "00" + "00016b" + "ffffffff", // A value of -1.
            "010100" + "00" + "ffff", // A key of 64 KiB.
            "0104" + "ff", // An id of 255 bytes.
            "0103" + "00000001" + "ffff", // A bound of 64 KiB.
        }) {
            assertThatThrownBy(() ->
                            CommandCodec.decode(ByteBuffer.wrap(HexFormat.of().parseHex(hex))))
                    .as(hex)
                    .isInstanceOf(MalformedCommandException.class)
                    .hasMessageNotContaining("null");
        }
    }

    @Test
    void nestedIdempotencyKeysDoNotExhaustTheStack() {
        byte[] nested = new byte[1 << 20];
        nested[0] = 1;
        for (int at = 1; at + 3 <= nested.length; at += 3) {
            nested[at] = 4;
            nested[at + 1] = 1;
            nested[at + 2] = 'i';
        }
        assertThatThrownBy(() -> CommandCodec.decode(ByteBuffer.wrap(nested)))
                .isInstanceOf(MalformedCommandException.class);
    }

    @Test
    void whatIsTooLargeIsNeitherWrittenNorRead() {
        ByteBuffer value = ByteBuffer.allocate(CommandCodec.COMMAND_BYTES_MAX);
        assertThatThrownBy(() -> CommandCodec.encode(new Command.Put(Key.of("k"), value, Precondition.NONE, false)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> CommandCodec.decode(ByteBuffer.allocate(CommandCodec.COMMAND_BYTES_MAX + 1)))
                .isInstanceOf(MalformedCommandException.class);
    }

    @Test
    void anIdThatIsNotUtf8IsRefused() {
        assertThatThrownBy(() -> CommandCodec.decode(
                        ByteBuffer.wrap(HexFormat.of().parseHex("0104" + "01ff" + "02" + "00" + "00" + "00016b"))))
                .isInstanceOf(MalformedCommandException.class)
                .hasMessageContaining("UTF-8");
    }

    private static void decodeOrRefuse(byte[] bytes) {
        try {
            Command command = CommandCodec.decode(ByteBuffer.wrap(bytes));
            assertThat(CommandCodec.encode(command)).isEqualTo(ByteBuffer.wrap(bytes));
        } catch (MalformedCommandException refused) {
            assertThat(refused.reason()).isNotEmpty().doesNotContain("null");
        } catch (RuntimeException broken) {
            fail("on " + HexFormat.of().formatHex(bytes), broken);
        }
    }

    private static boolean hasLongBound(Command command) {
        if (command instanceof Command.Once once) {
            return hasLongBound(once.command());
        }
        return command instanceof Command.DeleteRange delete
                && (delete.range().start().length > 481
                        || (delete.range().end() != null && delete.range().end().length > 481));
    }

    private static ByteBuffer buffer(byte[] bytes) {
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    }

    private static String hex(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(buffer.position(), bytes);
        return HexFormat.of().formatHex(bytes);
    }
}

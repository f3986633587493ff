package io.balsa.kv;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Commands, keys and ranges drawn so that they meet often: few keys, awkward bytes, edges of the permitted lengths. */
final class RandomCommands {
    private static final byte[] ALPHABET = {0, 1, '/', 'a', 'b', 0x7f, (byte) 0x80, (byte) 0xfe, (byte) 0xff};

    private final Random random;

    RandomCommands(Random random) {
        this.random = random;
    }

    /** Prints the seed before anything can fail; {@code -Dbalsa.seed=N} repeats a run. */
    static long seed(String test) {
        long seed = Long.getLong("balsa.seed", System.nanoTime());
        System.out.println(test + ": -Dbalsa.seed=" + seed);
        return seed;
    }

    /** @param revision the store's, so that some conditions are met */
    Command next(long revision) {
        return switch (random.nextInt(4)) {
            case 0 -> new Command.Once(new IdempotencyKey("id-" + random.nextInt(12)), plain(revision));
            default -> plain(revision);
        };
    }

    private Command plain(long revision) {
        int kind = random.nextInt(20);
        if (kind == 0) {
            int keysMax = random.nextBoolean() ? Command.DeleteRange.KEYS_MAX : 1 + random.nextInt(8);
            return new Command.DeleteRange(range(), keysMax);
        }
        if (kind < 5) {
            return new Command.Delete(key(), precondition(revision), random.nextBoolean());
        }
        return new Command.Put(key(), value(), precondition(revision), random.nextBoolean());
    }

    Precondition precondition(long revision) {
        return switch (random.nextInt(6)) {
            case 0 -> Precondition.ABSENT;
            case 1 -> Precondition.PRESENT;
            case 2 -> new Precondition.ModRevision(1 + Math.max(0, revision - random.nextInt(30)));
            default -> Precondition.NONE;
        };
    }

    Key key() {
        return Key.of(bytes(1, Key.BYTES_MAX));
    }

    ByteBuffer value() {
        byte[] value = new byte[random.nextInt(20) == 0 ? random.nextInt(3_000) : random.nextInt(6)];
        random.nextBytes(value);
        return ByteBuffer.wrap(value).asReadOnlyBuffer();
    }

    /** Prefixes, intervals, open ends, and now and then one that ends before it begins. */
    KeyRange range() {
        if (random.nextInt(3) == 0) {
            return KeyRange.ofPrefix(bytes(0, Key.BYTES_MAX + 5));
        }
        return new KeyRange(bytes(0, Key.BYTES_MAX + 5), random.nextInt(4) == 0 ? null : bytes(0, Key.BYTES_MAX + 5));
    }

    /** Every option, at each of its edges. */
    Query.Page page() {
        byte[] after = random.nextBoolean() ? null : bytes(0, Key.BYTES_MAX + 5);
        byte[] delimiter = random.nextBoolean() ? null : bytes(0, 2);
        if (after != null && delimiter != null && random.nextBoolean()) {
            after = concat(after, delimiter); // Often the name of a folder.
        }
        int folderPrefixBytes = random.nextInt(10) == 0 ? Integer.MAX_VALUE : random.nextInt(3);
        long bytesMax = random.nextBoolean() ? Long.MAX_VALUE : random.nextInt(2_000);
        int limit = random.nextBoolean() ? 1 + random.nextInt(5) : 1_000;
        return new Query.Page(
                range(),
                after,
                limit,
                bytesMax,
                random.nextBoolean(),
                random.nextBoolean(),
                delimiter,
                folderPrefixBytes);
    }

    /** Mostly one to three bytes; now and then as long as it may be. */
    private byte[] bytes(int lengthMin, int lengthMax) {
        int length =
                random.nextInt(30) == 0 ? lengthMax - random.nextInt(2) : lengthMin + random.nextInt(4 - lengthMin);
        byte[] bytes = new byte[length];
        for (int at = 0; at < length; at++) {
            // Long ones agree in all but their ends, else no two of them would ever be neighbours.
            bytes[at] = at > 2 && at < 478 ? (byte) 0xff : ALPHABET[random.nextInt(ALPHABET.length)];
        }
        return bytes;
    }

    private static byte[] concat(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }

    /** One character a byte: sorts, searches and compares as the bytes do. */
    static String latin(byte @Nullable [] bytes) {
        return bytes == null ? "(none)" : new String(bytes, StandardCharsets.ISO_8859_1);
    }
}

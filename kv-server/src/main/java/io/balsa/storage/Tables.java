package io.balsa.storage;

import io.balsa.raft.Check;
import io.balsa.raft.EntryId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.function.Supplier;
import java.util.zip.CRC32C;

/**
 * How keys and values lie in {@code state/}. Integers in it are little-endian.
 *
 * <pre>
 * key                                     value
 *   +---+---------------------+             +---------+-------------------+
 *   | 1 | the state's key     |             | CRC32C  | the state's value |
 *   +---+---------------------+             +---------+-------------------+
 *   +---+                                   +---------+---------+--------------+
 *   | 0 |                                   | CRC32C  | version | lastApplied  |
 *   +---+                                   +---------+---------+--------------+
 *                                             4         1         8
 *   +---+---+                               +---------+---------+---------+--------+
 *   | 0 | 1 |                               | CRC32C  | version | index   | term   |
 *   +---+---+                               +---------+---------+---------+--------+
 *                                             4         1         8         8
 *   The last is the end of the snapshot that the state was replaced by; it is absent if it never was.
 *   CRC32C: over the whole key, then all that follows the checksum. Format 1 left the key's first byte out, so a bit flipped
 *   there took a record out of its table unseen.
 * </pre>
 *
 * <p>Owned by one thread: it holds a running checksum and the key's buffer, which is valid until the next key.
 */
final class Tables {
    private static final int STORED_KEY_BYTES_MAX = 511; // LMDB's own limit.

    /** What a caller's key may have; the bounds of a range may have a few more. */
    static final int KEY_BYTES_MAX = 500;

    static final int CHECKSUM_BYTES = 4;
    static final byte STATE = 1;
    private static final byte OWN = 0;
    private static final byte VERSION = 2;
    private static final byte VERSION_WITHOUT_TABLE = 1;
    private static final int APPLIED_BYTES = CHECKSUM_BYTES + 1 + Long.BYTES;
    private static final int INSTALLED_BYTES = CHECKSUM_BYTES + 1 + 2 * Long.BYTES;
    private static final byte[] INSTALLED = {1};
    private static final byte[] NO_BYTES = {};

    private final Path file;
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer keyBuffer = ByteBuffer.allocateDirect(STORED_KEY_BYTES_MAX);

    Tables(Path file) {
        this.file = file;
    }

    Path file() {
        return file;
    }

    /** The stored form of a state's key; an empty one stands before the first. */
    ByteBuffer key(byte[] key) {
        Check.that(key.length < STORED_KEY_BYTES_MAX, "a key of %d bytes is too long", key.length);
        return keyBuffer.clear().put(STATE).put(key).flip();
    }

    /** The key under which the checkpoint's index is. */
    ByteBuffer appliedKey() {
        return keyBuffer.clear().put(OWN).flip();
    }

    /** The key under which the installed snapshot's end is. */
    ByteBuffer installedKey() {
        return keyBuffer.clear().put(OWN).put(INSTALLED).flip();
    }

    /** A key as it lies in LMDB, of whatever table. */
    ByteBuffer storedKey(byte[] stored) {
        return keyBuffer.clear().put(stored).flip();
    }

    /** What belongs to this server alone and is not part of a snapshot. */
    static boolean isPrivate(ByteBuffer storedKey) {
        int bytes = storedKey.remaining();
        return storedKey.get(0) == OWN && (bytes == 1 || (bytes == 2 && storedKey.get(1) == INSTALLED[0]));
    }

    static boolean isState(ByteBuffer storedKey) {
        return storedKey.get(0) == STATE;
    }

    static byte[] keyOf(ByteBuffer storedKey) {
        byte[] key = new byte[storedKey.remaining() - 1];
        storedKey.get(1, key);
        return key;
    }

    static int sizeOf(byte[] value) {
        return CHECKSUM_BYTES + value.length;
    }

    void writeValue(ByteBuffer target, byte[] key, byte[] value) {
        target.order(ByteOrder.LITTLE_ENDIAN)
                .putInt(checksum(STATE, key, value))
                .put(value);
    }

    private void writeOwn(ByteBuffer target, byte[] key, byte[] value) {
        target.order(ByteOrder.LITTLE_ENDIAN).putInt(checksum(OWN, key, value)).put(value);
    }

    /** A copy of the value of a state's key, checked. */
    byte[] valueOf(byte[] key, ByteBuffer stored) {
        return valueOf(STATE, key, stored);
    }

    /** The same by the key as it lies in LMDB, whatever table it names. */
    byte[] valueOf(ByteBuffer storedKey, ByteBuffer stored) {
        return valueOf(storedKey.get(0), keyOf(storedKey), stored);
    }

    private byte[] valueOf(byte table, byte[] key, ByteBuffer stored) {
        stored.order(ByteOrder.LITTLE_ENDIAN);
        if (stored.remaining() < CHECKSUM_BYTES) {
            throw Damage.found(file, "the value of " + named(key), "it has " + stored.remaining() + " bytes");
        }
        byte[] value = new byte[stored.remaining() - CHECKSUM_BYTES];
        stored.get(CHECKSUM_BYTES, value);
        compare(stored.getInt(0), checksum(table, key, value), () -> key);
        return value;
    }

    /** Checks a record of the state as it lies in LMDB. */
    void verify(ByteBuffer storedKey, ByteBuffer stored) {
        int bytes = stored.remaining() - CHECKSUM_BYTES;
        if (bytes < 0) {
            throw Damage.found(
                    file, "the value of " + named(keyOf(storedKey)), "it has " + stored.remaining() + " bytes");
        }
        crc.reset();
        crc.update(storedKey.slice());
        crc.update(stored.slice(CHECKSUM_BYTES, bytes));
        compare(stored.order(ByteOrder.LITTLE_ENDIAN).getInt(0), (int) crc.getValue(), () -> keyOf(storedKey));
    }

    private void compare(int expected, int actual, Supplier<byte[]> key) {
        if (expected != actual) {
            throw Damage.found(file, "the value of " + named(key.get()), Damage.checksums(expected, actual));
        }
    }

    static int appliedSize() {
        return APPLIED_BYTES;
    }

    void writeApplied(ByteBuffer target, long index) {
        byte[] value = new byte[APPLIED_BYTES - CHECKSUM_BYTES];
        ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).put(VERSION).putLong(index);
        writeOwn(target, NO_BYTES, value);
    }

    long readApplied(ByteBuffer stored) {
        if (stored.remaining() != APPLIED_BYTES) {
            throw Damage.found(file, "the checkpoint's index", "it has " + stored.remaining() + " bytes");
        }
        ByteBuffer value = ownValue(NO_BYTES, stored);
        return value.getLong(1);
    }

    static int installedSize() {
        return INSTALLED_BYTES;
    }

    void writeInstalled(ByteBuffer target, EntryId lastIncluded) {
        byte[] value = new byte[INSTALLED_BYTES - CHECKSUM_BYTES];
        ByteBuffer.wrap(value)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(VERSION)
                .putLong(lastIncluded.index())
                .putLong(lastIncluded.term());
        writeOwn(target, INSTALLED, value);
    }

    EntryId readInstalled(ByteBuffer stored) {
        if (stored.remaining() != INSTALLED_BYTES) {
            throw Damage.found(file, "the installed snapshot's end", "it has " + stored.remaining() + " bytes");
        }
        ByteBuffer value = ownValue(INSTALLED, stored);
        return new EntryId(value.getLong(1), value.getLong(1 + Long.BYTES));
    }

    private ByteBuffer ownValue(byte[] key, ByteBuffer stored) {
        byte version = stored.get(CHECKSUM_BYTES);
        if (version == VERSION_WITHOUT_TABLE && isWholeWithoutTable(key, stored)) {
            throw Damage.version(file, version, VERSION);
        }
        byte[] value = valueOf(OWN, key, stored);
        if (version != VERSION) {
            throw Damage.version(file, version, VERSION);
        }
        return ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
    }

    private boolean isWholeWithoutTable(byte[] key, ByteBuffer stored) {
        crc.reset();
        crc.update(key);
        crc.update(stored.slice(CHECKSUM_BYTES, stored.remaining() - CHECKSUM_BYTES));
        return stored.order(ByteOrder.LITTLE_ENDIAN).getInt(0) == (int) crc.getValue();
    }

    private static String named(byte[] key) {
        return key.length == 0
                ? "the checkpoint's index"
                : "key 0x" + HexFormat.of().formatHex(key);
    }

    private int checksum(byte table, byte[] key, byte[] value) {
        crc.reset();
        crc.update(table);
        crc.update(key);
        crc.update(value);
        return (int) crc.getValue();
    }
}

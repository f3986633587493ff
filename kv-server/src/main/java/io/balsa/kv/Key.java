package io.balsa.kv;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** A key: 1 to {@value #BYTES_MAX} bytes, immutable, ordered as unsigned bytes. */
public final class Key implements Comparable<Key> {
    /** LMDB takes 511; the rest is kept for the tables' own prefixes. */
    public static final int BYTES_MAX = 480;

    private final byte[] bytes;

    private Key(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Copies. Throws IllegalArgumentException when empty or longer than {@link #BYTES_MAX}. */
    public static Key of(byte[] bytes) {
        return owning(bytes.clone());
    }

    /** The key whose bytes are the UTF-8 form of {@code text}. */
    public static Key of(String text) {
        return owning(text.getBytes(StandardCharsets.UTF_8));
    }

    /** As {@link #of(byte[])} but keeps the array: nobody may change it afterwards. */
    static Key owning(byte[] bytes) {
        if (bytes.length == 0 || bytes.length > BYTES_MAX) {
            throw new IllegalArgumentException("a key has 1 to " + BYTES_MAX + " bytes; this one has " + bytes.length);
        }
        return new Key(bytes);
    }

    /** The bytes themselves, for this package's codecs: to be read only. */
    byte[] shared() {
        return bytes;
    }

    /** A copy of the bytes. */
    public byte[] toBytes() {
        return bytes.clone();
    }

    /** A read-only view of the bytes. */
    public ByteBuffer toBuffer() {
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    }

    public int length() {
        return bytes.length;
    }

    public boolean startsWith(byte[] prefix) {
        return bytes.length >= prefix.length && Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
    }

    @Override
    public int compareTo(Key other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Key key && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** The text when the bytes are UTF-8, else {@code 0x} and hexadecimal. For people, not for programs. */
    @Override
    public String toString() {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException notText) {
            return "0x" + HexFormat.of().formatHex(bytes);
        }
    }
}

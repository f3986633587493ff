package io.balsa.client;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A key, or the bound of a range: at least one byte, immutable, ordered as unsigned bytes. The servers limit its length
 * (480 bytes unless configured otherwise) and refuse a longer one by name, so the client does not repeat the limit.
 */
public final class Key implements Comparable<Key> {
    private final byte[] bytes;

    private Key(byte[] bytes) {
        if (bytes.length == 0) {
            throw new IllegalArgumentException("a key has at least one byte");
        }
        this.bytes = bytes;
    }

    /** The key whose bytes are the UTF-8 form of {@code text}; throws IllegalArgumentException for a lone surrogate. */
    public static Key of(String text) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return new Key(bytes);
        } catch (CharacterCodingException loneSurrogate) {
            throw new IllegalArgumentException("the key is not valid Unicode", loneSurrogate);
        }
    }

    /** Copies. */
    public static Key of(byte[] bytes) {
        return new Key(bytes.clone());
    }

    /** A copy of the bytes. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** The key as text, or null when its bytes are not UTF-8. */
    public @Nullable String text() {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException notText) {
            return null;
        }
    }

    @Override
    public int compareTo(Key other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Key key && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** The text when the bytes are UTF-8, else {@code 0x} and hexadecimal. For people, not for programs. */
    @Override
    public String toString() {
        String text = text();
        return text != null ? text : "0x" + HexFormat.of().formatHex(bytes);
    }
}

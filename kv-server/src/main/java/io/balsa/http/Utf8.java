package io.balsa.http;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Well-formed UTF-8 (Unicode, table 3-7): no overlong forms, no surrogates, nothing beyond U+10FFFF. */
final class Utf8 {
    private Utf8() {}

    static boolean isValid(byte[] bytes) {
        int at = 0;
        while (at < bytes.length) {
            if (bytes[at] >= 0) {
                at++;
                continue;
            }
            int size = sequence(bytes, at, bytes.length);
            if (size == 0) {
                return false;
            }
            at += size;
        }
        return true;
    }

    /** The bytes of {@code length} characters; null when half of a surrogate pair is missing. */
    static byte @Nullable [] encode(char[] chars, int from, int length) {
        byte[] bytes = new byte[length];
        int at = 0;
        while (at < length && chars[from + at] < 0x80) {
            bytes[at] = (byte) chars[from + at];
            at++;
        }
        if (at == length) {
            return bytes;
        }
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(chars, from, length));
            bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException loneSurrogate) {
            return null;
        }
    }

    /** The length of the sequence of several bytes that begins at {@code at}; 0 when it is not well-formed. */
    static int sequence(byte[] bytes, int at, int end) {
        int first = bytes[at] & 0xff;
        if (first < 0xc2 || first > 0xf4) {
            return 0;
        }
        int size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        if (at + size > end) {
            return 0;
        }
        int second = bytes[at + 1] & 0xff;
        int secondMin = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        int secondMax = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (second < secondMin || second > secondMax) {
            return 0;
        }
        for (int i = at + 2; i < at + size; i++) {
            if ((bytes[i] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return size;
    }
}

package io.balsa.client;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/** JSON being written, as bytes. Confined to one thread. */
final class JsonBytes {
    private static final byte[] HEX = ascii("0123456789abcdef");

    private byte[] bytes;
    private int length;

    JsonBytes(int bytesExpected) {
        bytes = new byte[bytesExpected];
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Of so many bytes as base64. */
    static int base64Length(int length) {
        return (int) Math.min(Integer.MAX_VALUE / 2, (length + 2L) / 3 * 4);
    }

    /** ASCII text as it is. */
    @SuppressWarnings("deprecation") // It copies the low bytes, which is what ASCII is.
    JsonBytes raw(String ascii) {
        reserve(ascii.length());
        ascii.getBytes(0, ascii.length(), bytes, length);
        length += ascii.length();
        return this;
    }

    /**
     * A string of this text in UTF-8. False, and nothing written, when it is not UTF-8 or would take more than
     * {@code bytesMax} between its quotes.
     */
    boolean text(byte[] utf8, int bytesMax) {
        int begin = length;
        reserve(utf8.length + 2);
        put('"');
        int copied = 0;
        int at = 0;
        while (at < utf8.length) {
            byte b = utf8[at];
            if (b >= ' ' && b != '"' && b != '\\') {
                at++;
            } else if (b < 0) {
                int size = Utf8.sequence(utf8, at);
                if (size == 0) {
                    length = begin;
                    return false;
                }
                at += size;
            } else {
                copy(utf8, copied, at);
                escape(b);
                copied = ++at;
            }
        }
        copy(utf8, copied, at);
        if (length - begin - 1 > bytesMax) {
            length = begin;
            return false;
        }
        put('"');
        return true;
    }

    void base64(byte[] value) {
        put('"');
        byte[] encoded = Base64.getEncoder().encode(value);
        copy(encoded, 0, encoded.length);
        put('"');
    }

    /** Takes the last byte back. */
    void dropLast() {
        length--;
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, length);
    }

    private void escape(byte b) {
        put('\\');
        if (b == '"' || b == '\\') {
            put((char) b);
        } else {
            raw("u00");
            put((char) HEX[b >> 4]);
            put((char) HEX[b & 0xf]);
        }
    }

    private void copy(byte[] source, int from, int to) {
        reserve(to - from);
        System.arraycopy(source, from, bytes, length, to - from);
        length += to - from;
    }

    private void put(char ascii) {
        reserve(1);
        bytes[length++] = (byte) ascii;
    }

    private void reserve(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
        }
    }
}

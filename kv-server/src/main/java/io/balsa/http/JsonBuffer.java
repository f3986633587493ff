package io.balsa.http;

import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/**
 * Writes JSON text straight into bytes that are used again for the next answer: a value goes from its bytes to the
 * answer's without a tree or a String between. Owned by one event loop.
 */
final class JsonBuffer {
    private static final int KEPT_BYTES_MAX = 64 << 10;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private byte[] bytes = new byte[1024];
    private int length;
    /** A comma is due before the next field or element. */
    private boolean comma;

    /** Starts the next document. */
    JsonBuffer clear() {
        if (bytes.length > KEPT_BYTES_MAX) {
            bytes = new byte[1024];
        }
        length = 0;
        comma = false;
        return this;
    }

    /** What it has allocated. */
    int capacityBytes() {
        return bytes.length;
    }

    /** A copy of the document, with a line's end for the terminal. */
    Buffer toBuffer() {
        put('\n');
        return Buffer.buffer(length).appendBytes(bytes, 0, length);
    }

    void beginObject() {
        separate();
        put('{');
        comma = false;
    }

    void endObject() {
        put('}');
        comma = true;
    }

    void beginArray(String name) {
        name(name);
        put('[');
        comma = false;
    }

    void endArray() {
        put(']');
        comma = true;
    }

    /** An object as the value of a field. */
    void beginObject(String name) {
        name(name);
        put('{');
        comma = false;
    }

    void field(String name, long value) {
        name(name);
        number(value);
    }

    void field(String name, boolean value) {
        name(name);
        ascii(value ? "true" : "false");
    }

    void field(String name, String value) {
        name(name);
        text(value);
    }

    void nullField(String name) {
        name(name);
        ascii("null");
    }

    /** A field whose value is the UTF-8 text in {@code value}; what is not UTF-8 in it is replaced. */
    void textField(String name, byte[] value) {
        name(name);
        if (!tryText(value, 0, value.length)) {
            text(new String(value, StandardCharsets.UTF_8));
        }
    }

    /** An element of an array, otherwise as {@link #textField}. */
    void textElement(byte[] value) {
        separate();
        if (!tryText(value, 0, value.length)) {
            text(new String(value, StandardCharsets.UTF_8));
        }
        comma = true;
    }

    /** The two fields {@code value} and {@code encoding}: text when the bytes are UTF-8, else base64. */
    void valueFields(ByteBuffer value) {
        byte[] source = new byte[value.remaining()];
        value.get(value.position(), source);
        name("value");
        boolean isText = tryText(source, 0, source.length);
        if (!isText) {
            put('"');
            raw(Base64.getEncoder().encode(source));
            put('"');
        }
        field("encoding", isText ? "utf8" : "base64");
    }

    private void name(String name) {
        separate();
        put('"');
        ascii(name);
        put('"');
        put(':');
        comma = true;
    }

    private void separate() {
        if (comma) {
            put(',');
        }
    }

    private void text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        boolean wellFormed = tryText(utf8, 0, utf8.length);
        assert wellFormed;
    }

    private void number(long value) {
        if (value < 0 || value > Integer.MAX_VALUE) {
            ascii(Long.toString(value));
            return;
        }
        int digits = 1;
        for (long power = 10; value >= power; power *= 10) {
            digits++;
        }
        reserve(digits);
        int rest = (int) value;
        for (int at = length + digits - 1; at >= length; at--) {
            bytes[at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
    }

    /** Writes a string, or nothing and answers false when the bytes are not UTF-8. */
    private boolean tryText(byte[] source, int from, int to) {
        int begin = length;
        reserve(to - from + 2);
        bytes[length++] = '"';
        int at = from;
        int copied = from;
        while (at < to) {
            byte b = source[at];
            if (b >= 0x20 && b != '"' && b != '\\') {
                at++;
            } else if (b < 0) {
                int size = Utf8.sequence(source, at, to);
                if (size == 0) {
                    length = begin;
                    return false;
                }
                at += size;
            } else {
                copy(source, copied, at);
                escape(b);
                copied = ++at;
            }
        }
        copy(source, copied, to);
        put('"');
        return true;
    }

    private void escape(byte b) {
        put('\\');
        switch (b) {
            case '"', '\\' -> put((char) b);
            case '\n' -> put('n');
            case '\r' -> put('r');
            case '\t' -> put('t');
            default -> {
                ascii("u00");
                put((char) HEX[b >> 4]);
                put((char) HEX[b & 15]);
            }
        }
    }

    private void copy(byte[] source, int from, int to) {
        reserve(to - from);
        System.arraycopy(source, from, bytes, length, to - from);
        length += to - from;
    }

    private void raw(byte[] source) {
        copy(source, 0, source.length);
    }

    private void ascii(String text) {
        reserve(text.length());
        for (int i = 0; i < text.length(); i++) {
            bytes[length++] = (byte) text.charAt(i);
        }
    }

    private void put(char ascii) {
        reserve(1);
        bytes[length++] = (byte) ascii;
    }

    private void reserve(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
        }
    }
}

package io.balsa.benchmarks.driver;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes that grow: a request under construction, or an answer that is being read. Of one thread. */
final class Bytes {
    private byte[] array;
    private int size;

    Bytes(int capacity) {
        array = new byte[capacity];
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    byte[] array() {
        return array;
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
    }

    /** Makes room for {@code count} more bytes, counts them in, and returns where they begin. */
    int extend(int count) {
        int at = size;
        if (array.length - size < count) {
            array = Arrays.copyOf(array, Math.max(array.length * 2, size + count));
        }
        size += count;
        return at;
    }

    Bytes put(byte[] bytes) {
        int at = extend(bytes.length);
        System.arraycopy(bytes, 0, array, at, bytes.length);
        return this;
    }

    Bytes putDecimal(long number) {
        return put(ascii(Long.toString(number)));
    }

    void put(ByteBuffer source) {
        int count = source.remaining();
        int at = extend(count);
        source.get(array, at, count);
    }

    /** Where {@code needle} first begins between {@code from} and {@code end}, or -1. */
    int find(byte[] needle, int from, int end) {
        int last = Math.min(end, size) - needle.length;
        for (int i = from; i <= last; i++) {
            if (array[i] == needle[0] && matches(needle, i)) {
                return i;
            }
        }
        return -1;
    }

    private boolean matches(byte[] needle, int at) {
        for (int i = 1; i < needle.length; i++) {
            if (array[at + i] != needle[i]) {
                return false;
            }
        }
        return true;
    }

    /** The decimal number at {@code at}, past quotes and blanks; -1 when there is none. */
    long decimal(int at) {
        int i = at;
        while (i < size && (array[i] == '"' || array[i] == ' ')) {
            i++;
        }
        if (i >= size || array[i] < '0' || array[i] > '9') {
            return -1;
        }
        long number = 0;
        while (i < size && array[i] >= '0' && array[i] <= '9') {
            number = number * 10 + (array[i] - '0');
            i++;
        }
        return number;
    }

    String text(int from, int end) {
        return new String(array, from, end - from, StandardCharsets.ISO_8859_1);
    }
}

package io.balsa.benchmarks.jmh;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** Reads HTTP answers that all have a {@code content-length} and a status of 2xx, and throws for any other. */
final class AnswerCounter {
    private static final byte[] LENGTH = "content-length: ".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    private static final int STATUS_AT = "HTTP/1.1 ".length();

    private AnswerCounter() {}

    /** Reads {@code count} whole answers into {@code buffer}, which must hold them; returns their bytes. */
    static int read(InputStream in, byte[] buffer, int count) throws IOException {
        int size = 0;
        int begin = 0;
        for (int complete = 0; complete < count; ) {
            int end = end(buffer, begin, size);
            if (end > 0) {
                begin = end;
                complete++;
                continue;
            }
            int more = in.read(buffer, size, buffer.length - size);
            if (more <= 0) {
                throw new EOFException("after " + complete + " of " + count + " answers");
            }
            size += more;
        }
        return begin;
    }

    /** Where the answer that begins at {@code begin} ends, or -1 when it is not whole yet. */
    private static int end(byte[] buffer, int begin, int size) throws IOException {
        for (int i = begin + 3; i < size; i++) {
            if (buffer[i] == '\n' && buffer[i - 1] == '\r' && buffer[i - 2] == '\n' && buffer[i - 3] == '\r') {
                if (buffer[begin + STATUS_AT] != '2') {
                    throw new IOException("status " + (char) buffer[begin + STATUS_AT] + "xx");
                }
                int end = i + 1 + length(buffer, begin, i);
                return end <= size ? end : -1;
            }
        }
        return -1;
    }

    private static int length(byte[] buffer, int begin, int end) throws IOException {
        for (int i = begin; i < end - LENGTH.length; i++) {
            int j = 0;
            while (j < LENGTH.length && (buffer[i + j] | 0x20) == (LENGTH[j] | 0x20)) {
                j++;
            }
            if (j == LENGTH.length) {
                int length = 0;
                for (int at = i + j; buffer[at] >= '0' && buffer[at] <= '9'; at++) {
                    length = length * 10 + buffer[at] - '0';
                }
                return length;
            }
        }
        throw new IOException("an answer without a length");
    }
}

package io.balsa.benchmarks.driver;

import java.util.Locale;

/**
 * One HTTP/1.1 answer as it arrives: status line and headers first, then a body by {@code Content-Length} or in chunks.
 * Understands what the measured servers send and no more. Of one thread; used for one answer after the other.
 */
final class HttpAnswer {
    private static final byte[] HEAD_END = Bytes.ascii("\r\n\r\n");
    private static final byte[] LINE_END = Bytes.ascii("\r\n");
    private static final int STATUS_AT = "HTTP/1.1 ".length();
    private static final int INITIAL_BYTES = 4096;
    private static final int UNKNOWN = -1;
    private static final int CHUNKED = -2;

    private final Bytes bytes = new Bytes(INITIAL_BYTES);
    private int headEnd;
    private int bodyLength;
    private int scanned;

    HttpAnswer() {
        clear();
    }

    void clear() {
        bytes.clear();
        headEnd = UNKNOWN;
        bodyLength = UNKNOWN;
        scanned = 0;
    }

    /** Where arriving bytes are to be appended. */
    Bytes bytes() {
        return bytes;
    }

    boolean isEmpty() {
        return bytes.size() == 0;
    }

    /** Whether the answer is whole. Throws IllegalStateException for what is not HTTP as expected here. */
    boolean isComplete() {
        if (headEnd == UNKNOWN && !readHead()) {
            return false;
        }
        return bodyLength == CHUNKED ? skipChunks() : bytes.size() >= headEnd + bodyLength;
    }

    int status() {
        byte[] array = bytes.array();
        return (array[STATUS_AT] - '0') * 100 + (array[STATUS_AT + 1] - '0') * 10 + array[STATUS_AT + 2] - '0';
    }

    /** The decimal number behind {@code needle}, a name with its colon, in the body; -1 when absent. */
    long numberAfter(byte[] needle) {
        int at = bytes.find(needle, headEnd, bytes.size());
        return at < 0 ? -1 : bytes.decimal(at + needle.length);
    }

    boolean bodyContains(byte[] needle) {
        return bytes.find(needle, headEnd, bytes.size()) >= 0;
    }

    /** The value of a header, or "" when absent. For rare answers: it makes Strings. */
    String header(String name) {
        for (String line : bytes.text(0, headEnd).split("\r\n", -1)) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).equalsIgnoreCase(name)) {
                return line.substring(colon + 1).trim();
            }
        }
        return "";
    }

    private boolean readHead() {
        int end = bytes.find(HEAD_END, Math.max(0, scanned - HEAD_END.length), bytes.size());
        if (end < 0) {
            scanned = bytes.size();
            return false;
        }
        headEnd = end + HEAD_END.length;
        int status = status();
        if (status == 204 || status == 304) {
            bodyLength = 0;
        } else {
            bodyLength = lengthFromHeaders();
        }
        scanned = headEnd;
        return true;
    }

    private int lengthFromHeaders() {
        int line = bytes.find(LINE_END, 0, headEnd) + LINE_END.length;
        while (line < headEnd - LINE_END.length) {
            if (startsWith(line, "content-length:")) {
                return (int) bytes.decimal(line + "content-length:".length());
            }
            if (startsWith(line, "transfer-encoding:")) {
                return CHUNKED;
            }
            line = bytes.find(LINE_END, line, headEnd) + LINE_END.length;
        }
        throw new IllegalStateException("an answer without a length: "
                + bytes.text(0, headEnd).lines().findFirst().orElse(""));
    }

    private boolean startsWith(int at, String lowerCase) {
        byte[] array = bytes.array();
        for (int i = 0; i < lowerCase.length(); i++) {
            int c = array[at + i];
            if (c >= 'A' && c <= 'Z') {
                c += 'a' - 'A';
            }
            if (c != lowerCase.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean skipChunks() {
        while (true) {
            int lineEnd = bytes.find(LINE_END, scanned, bytes.size());
            if (lineEnd < 0) {
                return false;
            }
            String size = bytes.text(scanned, lineEnd).toLowerCase(Locale.ROOT);
            int length = Integer.parseInt(size, 16);
            int next = lineEnd + LINE_END.length + length + LINE_END.length;
            if (bytes.size() < next) {
                return false;
            }
            if (length == 0) {
                return true;
            }
            scanned = next;
        }
    }
}

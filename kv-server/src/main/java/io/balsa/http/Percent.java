package io.balsa.http;

import java.util.Arrays;

/** Percent-decoding of the path and the query as they came: {@code %2F} is a slash, {@code +} is a plus. */
final class Percent {
    private Percent() {}

    /**
     * The bytes of {@code raw} from {@code from} to {@code to}.
     *
     * @param what is named in the refusal
     * @throws Refused when an escape is not complete, a character may not be there, or the bytes are not UTF-8
     */
    static byte[] decode(String raw, int from, int to, String what) {
        byte[] bytes = new byte[to - from];
        int length = 0;
        boolean ascii = true;
        for (int at = from; at < to; at++) {
            char c = raw.charAt(at);
            int value = c;
            if (c == '%') {
                value = at + 2 < to ? hex(raw.charAt(at + 1)) << 4 | hex(raw.charAt(at + 2)) : -1;
                if (value < 0) {
                    throw new Refused(Problem.badRequest(
                            what + " has a percent sign that is not followed by two hexadecimal digits; write %25"));
                }
                at += 2;
            } else if (c <= ' ' || c == 0x7f || c > 0xff) {
                throw new Refused(Problem.badRequest(what + " has a character that must be percent-encoded"));
            }
            bytes[length++] = (byte) value;
            ascii &= value < 0x80;
        }
        byte[] decoded = length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
        if (!ascii && !Utf8.isValid(decoded)) {
            throw new Refused(Problem.badRequest(what + " is not UTF-8"));
        }
        return decoded;
    }

    /** Negative when it is none, so that a shifted and combined value stays negative. */
    private static int hex(char c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        if (c >= 'a' && c <= 'f') {
            return c - 'a' + 10;
        }
        if (c >= 'A' && c <= 'F') {
            return c - 'A' + 10;
        }
        return -1;
    }
}

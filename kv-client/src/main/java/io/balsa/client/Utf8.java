package io.balsa.client;

/** Well-formed UTF-8 (Unicode, table 3-7), as the servers check it. */
final class Utf8 {
    private Utf8() {}

    static boolean isValid(byte[] bytes) {
        int at = 0;
        while (at < bytes.length) {
            int size = bytes[at] >= 0 ? 1 : sequence(bytes, at);
            if (size == 0) {
                return false;
            }
            at += size;
        }
        return true;
    }

    /** The length of the sequence of several bytes that begins at {@code at}; 0 when it is not well-formed. */
    static int sequence(byte[] bytes, int at) {
        int first = bytes[at] & 0xff;
        int size = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        if (size == 0 || at + size > bytes.length) {
            return 0;
        }
        int second = bytes[at + 1] & 0xff;
        // No overlong forms, no surrogates, nothing beyond U+10FFFF.
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

package io.balsa.http;

import io.balsa.kv.KeyRange;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Where the next page of a listing continues, as text that clients hand back unread (base64url):
 *
 * <pre>
 * 0        1                        5
 * +--------+------------------------+----------------------------------+
 * | format | CRC32C of query + after| after: the last key of this page |
 * +--------+------------------------+----------------------------------+
 * </pre>
 *
 * The checksum covers the range, the direction and the delimiter too, so that a cursor of another query is noticed.
 */
final class Cursor {
    private static final byte FORMAT = 1;
    private static final int HEADER_BYTES = 5;

    private Cursor() {}

    static String encode(KeyRange range, boolean reverse, byte @Nullable [] delimiter, byte[] after) {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES + after.length);
        bytes.put(FORMAT).putInt(checksum(range, reverse, delimiter, after)).put(after);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** Throws {@link Refused} when it is damaged or belongs to another query. */
    static byte[] decode(byte[] text, KeyRange range, boolean reverse, byte @Nullable [] delimiter) {
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(new String(text, StandardCharsets.ISO_8859_1));
        } catch (IllegalArgumentException notBase64) {
            throw foreign();
        }
        if (bytes.length <= HEADER_BYTES || bytes.length > HEADER_BYTES + Limits.KEY_BYTES_MAX || bytes[0] != FORMAT) {
            throw foreign();
        }
        byte[] after = new byte[bytes.length - HEADER_BYTES];
        int sum = ByteBuffer.wrap(bytes).position(1).getInt();
        System.arraycopy(bytes, HEADER_BYTES, after, 0, after.length);
        if (sum != checksum(range, reverse, delimiter, after)) {
            throw foreign();
        }
        return after;
    }

    private static int checksum(KeyRange range, boolean reverse, byte @Nullable [] delimiter, byte[] after) {
        CRC32C sum = new CRC32C();
        update(sum, range.start());
        update(sum, range.end());
        sum.update(reverse ? 1 : 0);
        update(sum, delimiter);
        update(sum, after);
        return (int) sum.getValue();
    }

    private static void update(CRC32C sum, byte @Nullable [] bytes) {
        int length = bytes == null ? -1 : bytes.length;
        sum.update(length >> 8);
        sum.update(length);
        if (bytes != null) {
            sum.update(bytes);
        }
    }

    private static Refused foreign() {
        return new Refused(
                Problem.badRequest("the cursor is damaged or belongs to another query; start again without one"));
    }
}

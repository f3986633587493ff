package io.balsa.kv;

import java.nio.charset.StandardCharsets;

/** The client's name for one write, so that a retry is recognised: 1 to {@value #BYTES_MAX} bytes of UTF-8. */
public record IdempotencyKey(String text) {
    public static final int BYTES_MAX = 128;

    public IdempotencyKey {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "an Idempotency-Key has 1 to " + BYTES_MAX + " bytes; this one has " + bytes);
        }
    }
}

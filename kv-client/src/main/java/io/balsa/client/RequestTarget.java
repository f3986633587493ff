package io.balsa.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Path and query of a request, percent-encoded. Confined to the thread that builds it.
 *
 * <p>Everything but RFC 3986's unreserved characters is encoded, so a key is always one path segment: {@code a/b} is
 * {@code a%2Fb}. Some keys no path can carry safely: proxies and HTTP libraries remove the segments {@code .} and
 * {@code ..} and join {@code //}, some of them after decoding {@code %2F}. Such keys travel in the query instead.
 */
final class RequestTarget {
    private static final Duration SERVER_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration SERVER_TIMEOUT_MAX = Duration.ofSeconds(60);
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    private final StringBuilder text;
    private boolean hasQuery;

    private RequestTarget(String path) {
        text = new StringBuilder(path);
    }

    static RequestTarget path(String path) {
        return new RequestTarget(path);
    }

    static RequestTarget key(Key key) {
        byte[] bytes = key.bytes();
        if (isChangedByNormalising(bytes)) {
            return path("/v1/kv").with("key", bytes);
        }
        RequestTarget target = path("/v1/kv/");
        target.encode(bytes);
        return target;
    }

    RequestTarget with(String name, byte[] value) {
        text.append(hasQuery ? '&' : '?').append(name).append('=');
        hasQuery = true;
        encode(value);
        return this;
    }

    /** Adds nothing when {@code value} is null. */
    RequestTarget with(String name, @Nullable Object value) {
        return value == null ? this : with(name, value.toString().getBytes(StandardCharsets.UTF_8));
    }

    RequestTarget with(String name, @Nullable Key value) {
        return value == null ? this : with(name, value.bytes());
    }

    /** A parameter without a value. */
    RequestTarget flag(String name, boolean present) {
        if (present) {
            text.append(hasQuery ? '&' : '?').append(name);
            hasQuery = true;
        }
        return this;
    }

    /** Tells the server how long the caller waits, unless that is what it assumes anyway. */
    RequestTarget withTimeout(Duration deadline) {
        Duration told = deadline.compareTo(SERVER_TIMEOUT_MAX) > 0 ? SERVER_TIMEOUT_MAX : deadline;
        return told.equals(SERVER_TIMEOUT) ? this : with("timeout", (Object) (Math.max(1, told.toMillis()) + "ms"));
    }

    RequestTarget with(Consistency consistency) {
        return consistency == Consistency.LINEARIZABLE ? this : with("consistency", (Object) consistency.parameter());
    }

    private void encode(byte[] bytes) {
        for (byte b : bytes) {
            if (isUnreserved(b)) {
                text.append((char) b);
            } else {
                text.append('%').append(HEX[(b >> 4) & 0xf]).append(HEX[b & 0xf]);
            }
        }
    }

    private static boolean isUnreserved(byte b) {
        return (b >= 'a' && b <= 'z')
                || (b >= 'A' && b <= 'Z')
                || (b >= '0' && b <= '9')
                || b == '-'
                || b == '.'
                || b == '_'
                || b == '~';
    }

    /** Whether a segment is empty or consists of one or two dots. */
    private static boolean isChangedByNormalising(byte[] key) {
        int start = 0;
        for (int i = 0; i <= key.length; i++) {
            if (i == key.length || key[i] == '/') {
                int length = i - start;
                boolean dots =
                        length <= 2 && (length < 1 || key[start] == '.') && (length < 2 || key[start + 1] == '.');
                if (dots) {
                    return true;
                }
                start = i + 1;
            }
        }
        return false;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}

package io.balsa.client;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One server's address.
 *
 * @param url {@code http://host:port}, in lower case, without a path
 */
record Endpoint(String url) {
    private static final int HTTP_PORT = 80;

    /** Throws IllegalArgumentException, with an example, for anything but {@code http://host[:port][/]}. */
    static Endpoint parse(String text) {
        Endpoint endpoint = authorityOf(text.strip(), false);
        if (endpoint == null) {
            throw new IllegalArgumentException(
                    "an endpoint looks like http://127.0.0.1:8081; this one does not: " + text);
        }
        return endpoint;
    }

    /** The server that a {@code Location} points to; null when it cannot be understood. */
    static @Nullable Endpoint ofLocation(String location) {
        return authorityOf(location, true);
    }

    private static @Nullable Endpoint authorityOf(String text, boolean anyPath) {
        try {
            URI uri = new URI(text);
            String path = uri.getRawPath();
            boolean bare = (path == null || path.isEmpty() || path.equals("/"))
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null;
            if (!"http".equalsIgnoreCase(uri.getScheme()) || uri.getHost() == null || uri.getUserInfo() != null) {
                return null;
            }
            int port = uri.getPort() == -1 ? HTTP_PORT : uri.getPort();
            boolean valid = (bare || anyPath) && port > 0 && port <= 0xffff;
            return valid ? new Endpoint("http://" + uri.getHost().toLowerCase(Locale.ROOT) + ":" + port) : null;
        } catch (URISyntaxException notAnUrl) {
            return null;
        }
    }

    @Override
    public String toString() {
        return url;
    }
}

package io.balsa.http;

/**
 * How the HTTP door is set up.
 *
 * @param host the address to bind
 * @param port 0: any free one
 * @param connectionsMax further ones are closed at once
 * @param inFlightRequestsMax accepted and not yet answered; further ones are answered 429
 * @param inFlightBytesMax of the bodies of those requests
 * @param headMillisMax from the first byte of a request to the end of its header
 * @param bodyMillisMax from the end of the header to the end of the body
 * @param idleMillisMax without any request
 */
public record HttpConfig(
        String host,
        int port,
        int connectionsMax,
        int inFlightRequestsMax,
        long inFlightBytesMax,
        long headMillisMax,
        long bodyMillisMax,
        long idleMillisMax) {
    /** The defaults, on this machine only. */
    public static HttpConfig localhost(int port) {
        return at("127.0.0.1", port);
    }

    /** The defaults, at {@code host}. */
    public static HttpConfig at(String host, int port) {
        return new HttpConfig(host, port, 10_000, 20_000, 64L << 20, 10_000, 30_000, 60_000);
    }
}

package io.balsa.http;

import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The headers of one request that mean something here, found in one pass; what must not be there is refused. */
final class RequestHead {
    @Nullable
    String ifMatch;

    @Nullable
    String ifNoneMatch;

    @Nullable
    String idempotencyKey;

    @Nullable
    String accept;

    boolean expectsContinue;
    boolean chunked;
    /** -1: no Content-Length. */
    long contentLength = -1;

    private int hosts;

    private RequestHead() {}

    /** Reads the headers. Throws {@link Refused}. */
    static RequestHead of(HttpRequest request) {
        RequestHead head = new RequestHead();
        int count = 0;
        for (Map.Entry<String, String> header : request.headers()) {
            count++;
            head.take(header.getKey(), header.getValue());
        }
        if (count > Limits.HEADERS_MAX) {
            throw new Refused(new Problem(
                    Problem.Code.HEADERS_TOO_LARGE,
                    "a request has at most " + Limits.HEADERS_MAX + " headers; this one has " + count,
                    null,
                    Limits.HEADERS_MAX,
                    count,
                    -1,
                    false));
        }
        if (head.hosts > 1 || (head.hosts == 0 && request.protocolVersion().equals(HttpVersion.HTTP_1_1))) {
            throw bad("a request has one Host header; this one has " + head.hosts);
        }
        return head;
    }

    /** The lengths of the names that matter are all different, or tell apart by a second look. */
    private void take(String name, String value) {
        switch (name.length()) {
            case 4 -> {
                if (name.equalsIgnoreCase("Host")) {
                    hosts++;
                }
            }
            case 6 -> {
                if (name.equalsIgnoreCase("Accept")) {
                    accept = accept == null ? value : accept + "," + value;
                } else if (name.equalsIgnoreCase("Expect")) {
                    expect(value);
                }
            }
            case 8 -> takeIf(name, value);
            case 13 -> {
                if (name.equalsIgnoreCase("If-None-Match")) {
                    ifNoneMatch = ifNoneMatch == null ? value : ifNoneMatch + "," + value;
                }
            }
            case 14 -> {
                if (name.equalsIgnoreCase("Content-Length")) {
                    contentLength = length(value);
                }
            }
            case 15 -> {
                if (name.equalsIgnoreCase("Idempotency-Key")) {
                    if (idempotencyKey != null) {
                        throw bad("the Idempotency-Key header is there twice");
                    }
                    idempotencyKey = value;
                }
            }
            case 17 -> {
                if (name.equalsIgnoreCase("Transfer-Encoding")) {
                    transferEncoding(value);
                }
            }
            default -> {}
        }
    }

    private void takeIf(String name, String value) {
        if (name.equalsIgnoreCase("If-Match")) {
            if (ifMatch != null) {
                throw bad("the If-Match header is there twice");
            }
            ifMatch = value;
        } else if (name.equalsIgnoreCase("If-Fence")) {
            throw bad("the header If-Fence is not known; known conditions are: If-Match, If-None-Match");
        }
    }

    private void expect(String value) {
        if (!value.equalsIgnoreCase("100-continue")) {
            throw bad("the only expectation that is known is 100-continue");
        }
        expectsContinue = true;
    }

    private void transferEncoding(String value) {
        if (chunked || !value.equalsIgnoreCase("chunked")) {
            throw bad("the only transfer encoding that is known is chunked, once");
        }
        chunked = true;
    }

    private static long length(String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException notANumber) {
            throw bad("the Content-Length is not a number");
        }
    }

    private static Refused bad(String detail) {
        return new Refused(Problem.badRequest(detail));
    }
}

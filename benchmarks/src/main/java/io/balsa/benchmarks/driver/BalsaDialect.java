package io.balsa.benchmarks.driver;

import io.balsa.benchmarks.load.Keys;
import io.balsa.benchmarks.load.Kind;
import io.balsa.benchmarks.load.Values;

/** Balsa's own HTTP API. */
final class BalsaDialect implements HttpDialect {
    private static final byte[] MOD_REVISION = Bytes.ascii("\"modRevision\":");
    private static final byte[] PUT = Bytes.ascii("PUT /v1/kv/");
    private static final byte[] GET = Bytes.ascii("GET /v1/kv/");
    private static final byte[] PAGE = Bytes.ascii("GET /v1/kv?limit=" + Keys.PAGE + "&start=");
    private static final byte[] LEASE = Bytes.ascii("?consistency=lease");
    private static final byte[] STALE = Bytes.ascii("?consistency=stale");
    private static final byte[] HOT = Bytes.ascii(Keys.HOT);
    private static final byte[] VERSION_AND_HOST = Bytes.ascii(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    private static final byte[] IF_MATCH = Bytes.ascii("If-Match: \"");
    private static final byte[] QUOTE_END = Bytes.ascii("\"\r\n");
    private static final byte[] END = Bytes.ascii("\r\n");
    private static final int KEY_BYTES = Keys.PREFIX.length() + Keys.DIGITS;

    private final Values values;
    private final byte[] contentLength;
    private long hotRevision;

    BalsaDialect(Values values) {
        this.values = values;
        this.contentLength = Bytes.ascii("Content-Length: " + values.lengthBytes() + "\r\n\r\n");
    }

    @Override
    public boolean supports(Kind kind) {
        return true;
    }

    @Override
    public void request(Bytes into, Kind kind, long key) {
        switch (kind) {
            case PUT -> {
                key(into.put(PUT), key).put(VERSION_AND_HOST);
                value(into);
            }
            case GET -> key(into.put(GET), key).put(VERSION_AND_HOST).put(END);
            case LEASE_GET ->
                key(into.put(GET), key).put(LEASE).put(VERSION_AND_HOST).put(END);
            case STALE_GET ->
                key(into.put(GET), key).put(STALE).put(VERSION_AND_HOST).put(END);
            case RANGE -> key(into.put(PAGE), key).put(VERSION_AND_HOST).put(END);
            case CAS -> {
                into.put(PUT).put(HOT).put(VERSION_AND_HOST);
                if (hotRevision > 0) {
                    into.put(IF_MATCH).putDecimal(hotRevision).put(QUOTE_END);
                }
                value(into);
            }
        }
    }

    @Override
    public Verdict judge(HttpAnswer answer, Kind kind) {
        int status = answer.status();
        if (status == 200 || status == 201) {
            if (kind == Kind.CAS) {
                learn(answer);
            }
            return Verdict.DONE;
        }
        return switch (status) {
            case 307, 503 -> Verdict.ELSEWHERE;
            case 412 -> {
                learn(answer);
                yield Verdict.CONFLICT;
            }
            default -> Verdict.FAILED;
        };
    }

    private void learn(HttpAnswer answer) {
        hotRevision = Math.max(hotRevision, answer.numberAfter(MOD_REVISION));
    }

    private static Bytes key(Bytes into, long key) {
        int at = into.extend(KEY_BYTES);
        Keys.write(key, into.array(), at);
        return into;
    }

    private void value(Bytes into) {
        into.put(contentLength);
        int at = into.extend(values.lengthBytes());
        values.write(into.array(), at);
    }
}

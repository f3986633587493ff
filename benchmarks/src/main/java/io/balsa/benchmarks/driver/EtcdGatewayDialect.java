package io.balsa.benchmarks.driver;

import io.balsa.benchmarks.load.Keys;
import io.balsa.benchmarks.load.Kind;
import io.balsa.benchmarks.load.Values;
import java.util.Base64;

/** etcd's JSON gateway: keys and values in Base64 inside of JSON, numbers as strings. */
final class EtcdGatewayDialect implements HttpDialect {
    private static final byte[] MOD_REVISION = Bytes.ascii("\"mod_revision\":");
    private static final byte[] REVISION = Bytes.ascii("\"revision\":");
    private static final byte[] SUCCEEDED = Bytes.ascii("\"succeeded\":true");
    private static final int LENGTH_DIGITS = 6;

    private final Values values;
    private final byte[] keyPlain = new byte[Keys.PREFIX.length() + Keys.DIGITS];
    private final byte[] valuePlain;
    private final byte[] valueBase64;
    private long hotRevision;

    EtcdGatewayDialect(Values values) {
        this.values = values;
        this.valuePlain = new byte[values.lengthBytes()];
        this.valueBase64 = Base64.getEncoder().encode(valuePlain);
    }

    @Override
    public boolean supports(Kind kind) {
        return kind != Kind.LEASE_GET;
    }

    @Override
    public void request(Bytes into, Kind kind, long key) {
        switch (kind) {
            case PUT -> {
                int body = begin(into, PUT);
                value(key(into.put(KEY), key).put(VALUE)).put(CLOSE);
                end(into, body);
            }
            case GET -> {
                int body = begin(into, RANGE);
                key(into.put(KEY), key).put(CLOSE);
                end(into, body);
            }
            case LEASE_GET -> throw new IllegalArgumentException("not supported");
            case STALE_GET -> {
                int body = begin(into, RANGE);
                key(into.put(KEY), key).put(SERIALIZABLE);
                end(into, body);
            }
            case RANGE -> {
                int body = begin(into, RANGE);
                key(into.put(KEY), key).put(PAGE);
                end(into, body);
            }
            case CAS -> compareAndSet(into);
        }
    }

    private void compareAndSet(Bytes into) {
        if (hotRevision == 0) {
            int body = begin(into, PUT);
            value(into.put(KEY).put(HOT).put(VALUE)).put(CLOSE);
            end(into, body);
            return;
        }
        int body = begin(into, TXN);
        into.put(COMPARE).putDecimal(hotRevision);
        value(into.put(THEN)).put(ELSE);
        end(into, body);
    }

    @Override
    public Verdict judge(HttpAnswer answer, Kind kind) {
        int status = answer.status();
        if (status == 503) {
            return Verdict.ELSEWHERE;
        }
        if (status != 200) {
            return Verdict.FAILED;
        }
        if (kind != Kind.CAS) {
            return Verdict.DONE;
        }
        boolean first = hotRevision == 0;
        boolean succeeded = first || answer.bodyContains(SUCCEEDED);
        hotRevision = Math.max(hotRevision, answer.numberAfter(succeeded ? REVISION : MOD_REVISION));
        return succeeded ? Verdict.DONE : Verdict.CONFLICT;
    }

    private static final byte[] PUT = head("/v3/kv/put");
    private static final byte[] RANGE = head("/v3/kv/range");
    private static final byte[] TXN = head("/v3/kv/txn");
    private static final byte[] KEY = Bytes.ascii("{\"key\":\"");
    private static final byte[] VALUE = Bytes.ascii("\",\"value\":\"");
    private static final byte[] CLOSE = Bytes.ascii("\"}");
    private static final byte[] SERIALIZABLE = Bytes.ascii("\",\"serializable\":true}");
    private static final byte[] HOT = base64(Keys.HOT);
    private static final byte[] PAGE =
            Bytes.ascii("\",\"rangeEnd\":\"" + text(base64(Keys.END)) + "\",\"limit\":\"" + Keys.PAGE + "\"}");
    private static final byte[] COMPARE = Bytes.ascii(
            "{\"compare\":[{\"key\":\"" + text(HOT) + "\",\"target\":\"MOD\",\"result\":\"EQUAL\",\"modRevision\":\"");
    private static final byte[] THEN =
            Bytes.ascii("\"}],\"success\":[{\"requestPut\":{\"key\":\"" + text(HOT) + "\",\"value\":\"");
    private static final byte[] ELSE =
            Bytes.ascii("\"}}],\"failure\":[{\"requestRange\":{\"key\":\"" + text(HOT) + "\"}}]}");

    private static byte[] head(String path) {
        return Bytes.ascii(
                "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ");
    }

    private static byte[] base64(String plain) {
        return Base64.getEncoder().encode(Bytes.ascii(plain));
    }

    private static String text(byte[] ascii) {
        return new String(ascii, java.nio.charset.StandardCharsets.US_ASCII);
    }

    /** Writes head and room for the length; returns where the body begins. */
    private static int begin(Bytes into, byte[] head) {
        into.put(head);
        into.extend(LENGTH_DIGITS + 4);
        return into.size();
    }

    /** Fills in the length, with leading zeros, now that it is known. */
    private static void end(Bytes into, int body) {
        byte[] array = into.array();
        int at = body - 4 - LENGTH_DIGITS;
        int rest = into.size() - body;
        for (int i = LENGTH_DIGITS - 1; i >= 0; i--) {
            array[at + i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        array[body - 4] = '\r';
        array[body - 3] = '\n';
        array[body - 2] = '\r';
        array[body - 1] = '\n';
    }

    private Bytes key(Bytes into, long key) {
        Keys.write(key, keyPlain, 0);
        byte[] encoded = Base64.getEncoder().encode(keyPlain);
        return into.put(encoded);
    }

    private Bytes value(Bytes into) {
        values.write(valuePlain, 0);
        Base64.getEncoder().encode(valuePlain, valueBase64);
        return into.put(valueBase64);
    }
}

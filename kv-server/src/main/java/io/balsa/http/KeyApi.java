package io.balsa.http;

import io.balsa.kv.Command;
import io.balsa.kv.CommandCodec;
import io.balsa.kv.IdempotencyKey;
import io.balsa.kv.Key;
import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import io.balsa.kv.Precondition;
import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import io.balsa.node.ReadResult;
import io.balsa.node.WriteResult;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.internal.buffer.BufferInternal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** {@code /v1/kv/{key}}: one key, and the way of every write to the node and back. Owned by one event loop. */
final class KeyApi {
    private static final CharSequence NO_SNIFF_NAME = HttpHeaders.createOptimized("X-Content-Type-Options");
    private static final CharSequence NO_SNIFF = HttpHeaders.createOptimized("nosniff");
    private static final CharSequence VARY_ACCEPT = HttpHeaders.createOptimized("Accept");

    private final Dispatcher dispatcher;

    KeyApi(Dispatcher dispatcher) {
        this.dispatcher = dispatcher;
    }

    void put(Exchange exchange, ByteBuffer value) {
        Precondition condition = Conditions.ofWrite(exchange.head(), true);
        boolean previous = exchange.parameters().flag(Parameter.PREV);
        write(exchange, new Command.Put(exchange.key(), value.asReadOnlyBuffer(), condition, previous), condition);
    }

    void delete(Exchange exchange) {
        Precondition condition = Conditions.ofWrite(exchange.head(), false);
        boolean previous = exchange.parameters().flag(Parameter.PREV);
        exchange.admit(0);
        write(exchange, new Command.Delete(exchange.key(), condition, previous), condition);
    }

    /** Gives a command to the node; {@link #written} goes on. */
    void write(Exchange exchange, Command command, Precondition condition) {
        long timeoutMillis = exchange.parameters().timeoutMillis();
        String id = exchange.head().idempotencyKey;
        Command once = id == null ? command : new Command.Once(idempotencyKey(id), command);
        exchange.repeatable = id != null || isRepeatable(condition);
        ByteBuffer encoded = CommandCodec.encode(once);
        exchange.handOver();
        dispatcher.ports.node().write(encoded, timeoutMillis, exchange::written);
    }

    /** A write under this condition takes place once at most. */
    static boolean isRepeatable(Precondition condition) {
        return condition instanceof Precondition.Absent || condition instanceof Precondition.ModRevision;
    }

    private static IdempotencyKey idempotencyKey(String text) {
        // Headers come as Latin-1; the bytes are what counts.
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        if (!Utf8.isValid(bytes)) {
            throw new Refused(Problem.badRequest("the Idempotency-Key is not UTF-8"));
        }
        checkIdempotencyKey(bytes.length);
        return new IdempotencyKey(new String(bytes, StandardCharsets.UTF_8));
    }

    /** Throws {@link Refused} for a length in bytes that is not allowed. */
    static void checkIdempotencyKey(int length) {
        if (length == 0 || length > Limits.IDEMPOTENCY_KEY_BYTES_MAX) {
            throw new Refused(Problem.badRequest("an Idempotency-Key has 1 to " + Limits.IDEMPOTENCY_KEY_BYTES_MAX
                    + " bytes; this one has " + length));
        }
    }

    /** Answers any write. */
    void written(Exchange exchange) {
        WriteResult result = Objects.requireNonNull(exchange.writeResult);
        if (result instanceof WriteResult.Applied applied) {
            exchange.raftHeaders(dispatcher.status().id(), applied.term());
            applied(exchange, applied.outcome());
        } else if (result instanceof WriteResult.NotApplied refused) {
            exchange.refusedByNode(refused.reason(), refused.leader(), refused.term());
        } else if (result instanceof WriteResult.Unknown unknown) {
            exchange.raftHeaders(unknown.leader(), unknown.term());
            exchange.send(Problem.of(unknown.reason(), unknown.leader(), exchange.repeatable));
        }
    }

    private void applied(Exchange exchange, Outcome outcome) {
        exchange.revisionHeader(outcome.revision());
        Problem problem = Problem.of(outcome);
        if (problem != null) {
            exchange.send(problem);
            return;
        }
        JsonBuffer json = dispatcher.json.clear();
        json.beginObject();
        int status = 200;
        if (outcome instanceof Outcome.Written written) {
            exchange.putHeader(HttpHeaders.ETAG, Conditions.etag(written.modRevision()));
            fields(json, exchange.key(), written);
            previous(exchange, json, written.previous());
            status = written.created() ? 201 : 200;
        } else if (outcome instanceof Outcome.Deleted deleted) {
            fields(json, deleted);
            previous(exchange, json, deleted.previous());
        }
        json.endObject();
        exchange.send(status, json);
    }

    /** The fields of a write, within an object. */
    static void fields(JsonBuffer json, Key key, Outcome.Written written) {
        json.textField("key", key.toBytes());
        json.field("version", written.version());
        json.field("createRevision", written.createRevision());
        json.field("modRevision", written.modRevision());
    }

    /** The fields of a delete, within an object. */
    static void fields(JsonBuffer json, Outcome.Deleted deleted) {
        json.field("deleted", deleted.deleted());
        json.field("revision", deleted.revision());
    }

    private static void previous(Exchange exchange, JsonBuffer json, @Nullable KeyValue previous) {
        if (!exchange.parameters().flag(Parameter.PREV)) {
            return;
        }
        if (previous == null) {
            json.nullField("prev");
        } else {
            json.beginObject("prev");
            fields(json, previous, true);
            json.endObject();
        }
    }

    void get(Exchange exchange) {
        Conditions.ofMatch(exchange.head().ifMatch);
        String ifNoneMatch = exchange.head().ifNoneMatch;
        if (ifNoneMatch != null) {
            Conditions.names(ifNoneMatch, 0);
        }
        exchange.parameters().flag(Parameter.RAW);
        exchange.admit(0);
        read(exchange, new Query.Get(exchange.key()));
    }

    /** Gives a query to the node, whose reply comes back by the operation's own way. */
    void read(Exchange exchange, Query query) {
        Parameters parameters = exchange.parameters();
        long timeoutMillis = parameters.timeoutMillis();
        var consistency = parameters.consistency();
        exchange.handOver();
        dispatcher.ports.node().read(query, consistency, timeoutMillis, exchange::read);
    }

    /** The result when the node served the read; otherwise answers the request and returns null. */
    @Nullable
    QueryResult served(Exchange exchange) {
        ReadResult result = Objects.requireNonNull(exchange.readResult);
        if (result instanceof ReadResult.Served served) {
            exchange.raftHeaders(served.leader(), served.term());
            exchange.revisionHeader(served.result().revision());
            exchange.consistencyHeader(served.consistency());
            return served.result();
        }
        ReadResult.Refused refused = (ReadResult.Refused) result;
        exchange.refusedByNode(refused.reason(), refused.leader(), refused.term());
        return null;
    }

    void got(Exchange exchange) {
        QueryResult result = served(exchange);
        if (result == null) {
            return;
        }
        KeyValue found = ((QueryResult.One) result).keyValue();
        RequestHead head = exchange.head();
        Precondition condition = Conditions.ofMatch(head.ifMatch);
        long modRevision = found == null ? 0 : found.modRevision();
        if (!condition.holds(modRevision)) {
            exchange.send(Problem.preconditionFailed(modRevision));
            return;
        }
        if (found == null) {
            exchange.send(Problem.keyNotFound(exchange.key()));
            return;
        }
        exchange.putHeader(HttpHeaders.ETAG, Conditions.etag(modRevision));
        exchange.putHeader(HttpHeaders.VARY, VARY_ACCEPT);
        if (head.ifNoneMatch != null && Conditions.names(head.ifNoneMatch, modRevision)) {
            exchange.sendNotModified();
        } else if (exchange.parameters().flag(Parameter.RAW) || acceptsOctets(head.accept)) {
            exchange.putHeader(NO_SNIFF_NAME, NO_SNIFF);
            exchange.send(200, Exchange.OCTETS, bytes(found.value()));
        } else {
            JsonBuffer json = dispatcher.json.clear();
            json.beginObject();
            fields(json, found, true);
            json.endObject();
            exchange.send(200, json);
        }
    }

    /** The fields of a key, within an object. */
    static void fields(JsonBuffer json, KeyValue keyValue, boolean withValue) {
        json.textField("key", keyValue.key().toBytes());
        if (withValue) {
            json.valueFields(keyValue.value());
        }
        json.field("version", keyValue.version());
        json.field("createRevision", keyValue.createRevision());
        json.field("modRevision", keyValue.modRevision());
    }

    private static boolean acceptsOctets(@Nullable String accept) {
        return accept != null && accept.regionMatches(true, 0, "application/octet-stream", 0, 24);
    }

    private static Buffer bytes(ByteBuffer value) {
        return BufferInternal.buffer(Unpooled.wrappedBuffer(value.duplicate()));
    }
}

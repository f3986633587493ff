package io.balsa.http;

import io.balsa.kv.Key;
import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import io.balsa.kv.QueryResult;
import io.balsa.node.Consistency;
import io.balsa.node.NodeStatus;
import io.balsa.node.ReadResult;
import io.balsa.node.Refusal;
import io.balsa.node.WriteResult;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code /v1/batch}: independent operations in one request, each with the answer that it would have had by itself. A
 * batch is 200 once it was understood, and redirected when it has writes and another server leads. Owned by one event
 * loop.
 */
final class BatchApi {
    private static final int RETRY_AFTER_SECONDS = 1;

    private final Dispatcher dispatcher;

    BatchApi(Dispatcher dispatcher) {
        this.dispatcher = dispatcher;
    }

    void begin(Exchange exchange) {
        RequestHead head = exchange.head();
        if (head.ifMatch != null || head.ifNoneMatch != null || head.idempotencyKey != null) {
            throw new Refused(Problem.badRequest(
                    "If-Match, If-None-Match and Idempotency-Key belong to one operation; say ifMatch, ifNoneMatch and"
                            + " idempotencyKey there"));
        }
        BodyReader.read(exchange, Limits.BATCH_BYTES_MAX, "a batch", this::start);
    }

    private void start(Exchange exchange, ByteBuffer body) {
        long timeoutMillis = exchange.parameters().timeoutMillis();
        Consistency consistency = exchange.parameters().consistency();
        List<BatchOperation> operations = BatchReader.read(body);
        exchange.admitMoreRequests(Math.max(0, operations.size() - 1));
        Batch batch = new Batch(exchange, operations);
        exchange.batch = batch;
        exchange.handOver();
        batch.start(dispatcher.ports.node(), consistency, timeoutMillis);
    }

    /** Every operation has its result. */
    void ended(Exchange exchange) {
        Batch batch = Objects.requireNonNull(exchange.batch);
        WriteResult.NotApplied elsewhere = batch.elsewhere();
        if (elsewhere != null && exchange.urlOf(elsewhere.leader()) != null) {
            exchange.refusedByNode(elsewhere.reason(), elsewhere.leader(), elsewhere.term());
            return;
        }
        JsonBuffer json = dispatcher.json.clear();
        json.beginObject();
        json.beginArray("results");
        long revision = -1;
        Consistency consistency = null;
        for (BatchOperation operation : batch.operations()) {
            json.beginObject();
            revision = Math.max(revision, result(exchange, json, operation));
            json.endObject();
            if (operation.readResult instanceof ReadResult.Served served && consistency != Consistency.LEASE) {
                consistency = served.consistency(); // Of reads in several turns some may have found no lease.
            }
        }
        json.endArray();
        json.endObject();
        NodeStatus status = dispatcher.status();
        exchange.raftHeaders(status.leader(), status.term());
        if (revision >= 0) {
            exchange.revisionHeader(revision);
        }
        if (consistency != null) {
            exchange.consistencyHeader(consistency);
        }
        exchange.send(200, json);
    }

    /** Writes one result; the store's revision that it shows, or -1. */
    private static long result(Exchange exchange, JsonBuffer json, BatchOperation operation) {
        if (operation.problem != null) {
            problem(json, operation.problem);
        } else if (operation.writeResult instanceof WriteResult.Applied applied) {
            outcome(json, Objects.requireNonNull(operation.key), applied.outcome());
            return applied.outcome().revision();
        } else if (operation.writeResult instanceof WriteResult.NotApplied refused) {
            refused(exchange, json, refused.reason(), refused.leader());
        } else if (operation.writeResult instanceof WriteResult.Unknown unknown) {
            problem(json, Problem.of(unknown.reason(), unknown.leader(), operation.repeatable));
        } else if (operation.readResult instanceof ReadResult.Served served) {
            found(json, operation, ((QueryResult.One) served.result()).keyValue());
            return served.result().revision();
        } else if (operation.readResult instanceof ReadResult.Refused refused) {
            refused(exchange, json, refused.reason(), refused.leader());
        }
        return -1;
    }

    private static void outcome(JsonBuffer json, Key key, Outcome outcome) {
        Problem problem = Problem.of(outcome);
        if (problem != null) {
            problem(json, problem);
        } else if (outcome instanceof Outcome.Written written) {
            json.field("status", written.created() ? 201 : 200);
            KeyApi.fields(json, key, written);
        } else if (outcome instanceof Outcome.Deleted deleted) {
            json.field("status", 200);
            KeyApi.fields(json, deleted);
        }
    }

    private static void found(JsonBuffer json, BatchOperation operation, @Nullable KeyValue found) {
        long modRevision = found == null ? 0 : found.modRevision();
        if (!operation.condition.holds(modRevision)) {
            problem(json, Problem.preconditionFailed(modRevision));
        } else if (found == null) {
            problem(json, Problem.keyNotFound(Objects.requireNonNull(operation.key)));
        } else if (operation.known != null && operation.known.holds(modRevision)) {
            json.field("status", 304);
        } else {
            json.field("status", 200);
            KeyApi.fields(json, found, true);
        }
    }

    private static void refused(Exchange exchange, JsonBuffer json, Refusal reason, @Nullable NodeId leader) {
        String url = exchange.urlOf(leader);
        Problem problem = exchange.problemOf(reason, leader, url);
        problem(json, problem);
        if (problem.code() == Problem.Code.NOT_LEADER && url != null) {
            json.field("location", exchange.location(url));
        }
    }

    /** What is a header of a single answer is a field here. */
    private static void problem(JsonBuffer json, Problem problem) {
        problem.fieldsTo(json);
        if (problem.code().hasRetryAfter()) {
            json.field("retryAfter", RETRY_AFTER_SECONDS);
        }
    }
}

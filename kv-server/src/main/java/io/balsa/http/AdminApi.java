package io.balsa.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.balsa.metrics.StoreSizes;
import io.balsa.node.NodeStatus;
import io.balsa.raft.NodeId;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The operators' part: the cluster, limits, status, probes, metrics. Owned by one event loop. */
final class AdminApi {
    private static final CharSequence YAML = HttpHeaders.createOptimized("application/yaml");

    /** A server whose Raft thread has been busy with one turn for this long is stuck, say on its disk. */
    private static final long TURN_AGE_MILLIS_MAX = 10_000;
    /** A server that is this many entries behind what it knows to be committed should get no traffic. */
    private static final long UNAPPLIED_ENTRIES_MAX = 10_000;

    static final JsonFactory JSON_FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(32).build())
            .build();

    private final Dispatcher dispatcher;
    private final Buffer openApi;

    AdminApi(Dispatcher dispatcher, Buffer openApi) {
        this.dispatcher = dispatcher;
        this.openApi = openApi;
    }

    /** Answers what needs no reply from the node. */
    void answer(Exchange exchange, Operation operation) {
        switch (operation) {
            case LIMITS -> limits(exchange);
            case STATUS -> status(exchange);
            case LIVEZ -> livez(exchange);
            case READYZ -> readyz(exchange);
            case METRICS -> metrics(exchange);
            case VERSION -> version(exchange);
            case OPENAPI -> exchange.send(200, YAML, openApi.copy());
            default -> throw new AssertionError(operation);
        }
    }

    static void leader(JsonBuffer json, NodeStatus status, Function<NodeId, @Nullable String> httpUrl) {
        NodeId leader = status.leader();
        nullable(json, "leader", leader == null ? null : leader.toString());
        nullable(json, "leaderUrl", leader == null ? null : httpUrl.apply(leader));
    }

    static void nullable(JsonBuffer json, String name, @Nullable String value) {
        if (value == null) {
            json.nullField(name);
        } else {
            json.field(name, value);
        }
    }

    private void limits(Exchange exchange) {
        JsonBuffer json = dispatcher.json.clear();
        json.beginObject();
        json.field("keyBytes", Limits.KEY_BYTES_MAX);
        json.field("valueBytes", Limits.VALUE_BYTES_MAX);
        json.field("requestBytes", Limits.REQUEST_BYTES_MAX);
        json.field("batchOperations", Limits.BATCH_OPERATIONS_MAX);
        json.field("batchBytes", Limits.BATCH_BYTES_MAX);
        json.field("batchAnswerBytes", Limits.BATCH_ANSWER_BYTES_MAX);
        json.field("requestLineBytes", Limits.REQUEST_LINE_BYTES_MAX);
        json.field("headers", Limits.HEADERS_MAX);
        json.field("headerBytes", Limits.HEADER_BYTES_MAX);
        json.field("idempotencyKeyBytes", Limits.IDEMPOTENCY_KEY_BYTES_MAX);
        json.field("pipelinedRequests", Limits.PIPELINED_REQUESTS_MAX);
        json.field("pageItems", Limits.PAGE_ITEMS_MAX);
        json.field("pageItemsDefault", Limits.PAGE_ITEMS_DEFAULT);
        json.field("pageBytes", Limits.PAGE_BYTES_MAX);
        json.field("delimiterBytes", Limits.DELIMITER_BYTES_MAX);
        json.field("countedKeys", Limits.COUNT_MAX);
        json.field("deletedKeys", Limits.DELETE_RANGE_KEYS_MAX);
        json.field("timeoutMillis", Limits.TIMEOUT_MILLIS_MAX);
        json.field("timeoutMillisDefault", Limits.TIMEOUT_MILLIS_DEFAULT);
        json.field("stateBytes", dispatcher.ports.quotaBytes());
        json.field("diskFreeBytes", dispatcher.ports.minFreeBytes());
        HttpConfig config = dispatcher.config;
        json.field("connections", config.connectionsMax());
        json.field("inFlightRequests", config.inFlightRequestsMax());
        json.field("inFlightBytes", config.inFlightBytesMax());
        json.field("headMillis", config.headMillisMax());
        json.field("bodyMillis", config.bodyMillisMax());
        json.field("idleMillis", config.idleMillisMax());
        json.endObject();
        exchange.send(200, json);
    }

    private void status(Exchange exchange) {
        NodeStatus status = dispatcher.status();
        StoreSizes sizes = dispatcher.ports.storeSizes().get();
        exchange.raftHeaders(status.leader(), status.term());
        exchange.revisionHeader(status.revision());
        JsonBuffer json = dispatcher.json.clear();
        json.beginObject();
        json.field("id", status.id().toString());
        json.field("role", status.role());
        leader(json, status, dispatcher.ports.httpUrl());
        json.field("term", status.term());
        json.field("revision", status.revision());
        json.field("firstLogIndex", status.firstLogIndex());
        json.field("snapshotIndex", status.snapshotIndex());
        json.field("lastLogIndex", status.lastLogIndex());
        json.field("commitIndex", status.commitIndex());
        json.field("lastApplied", status.lastApplied());
        json.field("writesPending", status.writesPending());
        json.field("readsPending", status.readsPending());
        json.field("unappliedBytes", status.unappliedBytes());
        json.field("leaderChanges", status.leaderChanges());
        json.field("readLeases", status.readLeases());
        json.field("holdsLease", status.holdsLease());
        json.field("comparedIndex", status.comparisons().equalIndex());
        json.field("logBytes", sizes.logBytes());
        json.field("stateBytes", sizes.stateBytes());
        json.field("writable", dispatcher.ports.space().shortage() == null);
        json.field("setAsideStores", sizes.setAsideStores());
        json.field("setAsideBytes", sizes.setAsideBytes());
        json.field("version", dispatcher.ports.version());
        json.field("clusterId", dispatcher.ports.clusterId());
        json.field("uptimeSeconds", ManagementFactory.getRuntimeMXBean().getUptime() / 1000);
        json.endObject();
        exchange.send(200, json);
    }

    private void version(Exchange exchange) {
        JsonBuffer json = dispatcher.json.clear();
        json.beginObject();
        json.field("version", dispatcher.ports.version());
        json.field("clusterId", dispatcher.ports.clusterId());
        json.field("java", Runtime.version().toString());
        json.endObject();
        exchange.send(200, json);
    }

    private void livez(Exchange exchange) {
        long ageMillis = dispatcher.ports.lastTurnAgeMillis().getAsLong();
        boolean lives = ageMillis <= TURN_AGE_MILLIS_MAX;
        text(exchange, lives, lives ? "ok\n" : "stuck: the last turn ended " + ageMillis + " ms ago\n");
    }

    private void readyz(Exchange exchange) {
        boolean verbose = exchange.parameters().flag(Parameter.VERBOSE);
        NodeStatus status = dispatcher.status();
        long ageMillis = dispatcher.ports.lastTurnAgeMillis().getAsLong();
        long unapplied = status.commitIndex() - status.lastApplied();
        boolean serves = ageMillis <= TURN_AGE_MILLIS_MAX;
        boolean hasLeader = status.leader() != null;
        boolean caughtUp = unapplied <= UNAPPLIED_ENTRIES_MAX;
        boolean ready = serves && hasLeader && caughtUp;
        StringBuilder text = new StringBuilder();
        if (verbose) {
            check(text, serves, "the last turn ended " + ageMillis + " ms ago");
            check(text, hasLeader, hasLeader ? status.leader() + " leads in term " + status.term() : "no leader");
            check(text, caughtUp, unapplied + " committed entries are not applied yet");
        }
        text.append(ready ? "ready\n" : "not ready\n");
        text(exchange, ready, text.toString());
    }

    private static void check(StringBuilder text, boolean passed, String what) {
        text.append(passed ? "[+] " : "[-] ").append(what).append('\n');
    }

    private static void text(Exchange exchange, boolean good, String text) {
        exchange.send(good ? 200 : 503, Exchange.TEXT, Buffer.buffer(text));
    }

    /** Collected on a worker: it takes milliseconds. */
    private void metrics(Exchange exchange) {
        String accept = exchange.head().accept;
        dispatcher
                .vertx
                .executeBlocking(() -> dispatcher.ports.metrics().scrape(accept), false)
                .onComplete(
                        scraped -> exchange.send(200, scraped.contentType(), Buffer.buffer(scraped.text())),
                        exchange::fail);
    }

    /** The body is empty, or names the server that shall lead. */
    void transfer(Exchange exchange, ByteBuffer body) {
        NodeId target = body.hasRemaining() ? target(body) : null;
        long timeoutMillis = exchange.parameters().timeoutMillis();
        exchange.handOver();
        dispatcher.ports.leaderTransfer().transfer(target, timeoutMillis, exchange::transferred);
    }

    private static @Nullable NodeId target(ByteBuffer body) {
        byte[] bytes = new byte[body.remaining()];
        body.get(body.position(), bytes);
        NodeId target = null;
        try (JsonParser parser = JSON_FACTORY.createParser(bytes)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw badTarget();
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                if (!parser.currentName().equals("target")) {
                    throw new Refused(Problem.badRequest(
                            "the field '" + parser.currentName() + "' is not known; known is: target"));
                }
                JsonToken value = parser.nextToken();
                if (value == JsonToken.VALUE_STRING) {
                    target = NodeId.parse(parser.getText());
                } else if (value != JsonToken.VALUE_NULL) {
                    throw badTarget();
                }
            }
            if (parser.nextToken() != null) {
                throw badTarget();
            }
        } catch (JsonProcessingException notJson) {
            throw new Refused(Problem.badRequest("the body is not JSON: " + notJson.getOriginalMessage()));
        } catch (IllegalArgumentException notAnId) {
            throw new Refused(Problem.badRequest(Objects.requireNonNullElse(notAnId.getMessage(), "not a node id")));
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
        return target;
    }

    private static Refused badTarget() {
        return new Refused(Problem.badRequest("the body is empty or like {\"target\":\"n2\"}"));
    }

    void transferred(Exchange exchange) {
        LeaderTransfer.Answer answer = Objects.requireNonNull(exchange.transferAnswer);
        if (answer instanceof LeaderTransfer.Answer.Done done) {
            exchange.raftHeaders(done.leader(), done.term());
            JsonBuffer json = dispatcher.json.clear();
            json.beginObject();
            json.field("leader", done.leader().toString());
            nullable(json, "leaderUrl", dispatcher.ports.httpUrl().apply(done.leader()));
            json.field("term", done.term());
            json.field("failureTolerance", dispatcher.status().membership().failureTolerance());
            json.endObject();
            exchange.send(200, json);
        } else if (answer instanceof LeaderTransfer.Answer.Refused refused) {
            exchange.refusedByNode(refused.reason(), refused.leader(), refused.term());
        } else if (answer instanceof LeaderTransfer.Answer.NoTarget none) {
            exchange.send(Problem.badRequest(none.reason()));
        } else if (answer instanceof LeaderTransfer.Answer.TimedOut late) {
            exchange.raftHeaders(late.leader(), late.term());
            exchange.send(Problem.transferTimedOut(late.leader()));
        }
    }
}

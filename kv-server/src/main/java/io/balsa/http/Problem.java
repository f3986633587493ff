package io.balsa.http;

import io.balsa.kv.Key;
import io.balsa.kv.Outcome;
import io.balsa.node.Refusal;
import io.balsa.node.Shortage;
import io.balsa.node.Uncertainty;
import io.balsa.raft.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * An error as the client sees it (RFC 9457): every status, code and outcome of the API is in this file.
 *
 * @param leader who leads, when that helps
 * @param limit what was exceeded; with {@code actual} the size that was sent; -1: does not apply
 * @param modRevision the key's, when a condition failed (0: it does not exist); -1: does not apply
 * @param retryable sending the same request again is safe, and may succeed
 */
record Problem(
        Code code,
        String detail,
        @Nullable NodeId leader,
        long limit,
        long actual,
        long modRevision,
        boolean retryable) {

    /** What became of the write that the request asked for. */
    enum Effect {
        /** Not applied, now or later. */
        NOT_APPLIED("not_applied"),
        /** It may have been applied, or may be later. */
        UNKNOWN("unknown");

        final String text;

        Effect(String text) {
            this.text = text;
        }
    }

    /** Each kind of error: its HTTP status, its name on the wire, its title and what it says of the write. */
    enum Code {
        BAD_REQUEST(400, "bad_request", "The request is not valid", Effect.NOT_APPLIED),
        KEY_NOT_FOUND(404, "key_not_found", "The key does not exist", Effect.NOT_APPLIED),
        NOT_FOUND(404, "not_found", "There is nothing at this path", Effect.NOT_APPLIED),
        METHOD_NOT_ALLOWED(405, "method_not_allowed", "The method does not fit the path", Effect.NOT_APPLIED),
        MEMBER_NOT_FOUND(404, "member_not_found", "The server is not a member", Effect.NOT_APPLIED),
        MEMBER_EXISTS(409, "member_exists", "The server is a member already", Effect.NOT_APPLIED),
        CHANGE_IN_PROGRESS(409, "change_in_progress", "The membership may not be changed yet", Effect.NOT_APPLIED),
        QUORUM_AT_RISK(409, "quorum_at_risk", "The change would cost the quorum", Effect.NOT_APPLIED),
        NOT_CAUGHT_UP(409, "not_caught_up", "The learner has not caught up", Effect.NOT_APPLIED),
        TOO_MANY_MEMBERS(409, "too_many_members", "The cluster is full", Effect.NOT_APPLIED),
        MEMBER_UNUSABLE(422, "member_unusable", "The server cannot be taken in", Effect.NOT_APPLIED),
        PRECONDITION_FAILED(412, "precondition_failed", "The condition does not hold", Effect.NOT_APPLIED),
        TOO_LARGE(413, "too_large", "A limit is exceeded", Effect.NOT_APPLIED),
        URI_TOO_LONG(414, "uri_too_long", "The request line is too long", Effect.NOT_APPLIED),
        IDEMPOTENCY_KEY_REUSED(
                422, "idempotency_key_reused", "The Idempotency-Key was used for another request", Effect.NOT_APPLIED),
        SPACE_QUOTA(507, "space_quota", "There is no room for more", Effect.NOT_APPLIED),
        BUSY(429, "busy", "The server has too much to do", Effect.NOT_APPLIED),
        HEADERS_TOO_LARGE(431, "headers_too_large", "The request's header is too large", Effect.NOT_APPLIED),
        NOT_LEADER(307, "not_leader", "Another server leads", Effect.NOT_APPLIED),
        NO_LEADER(503, "no_leader", "No leader is known", Effect.NOT_APPLIED),
        BATCH_FULL(503, "batch_full", "The batch's answer is full", Effect.NOT_APPLIED),
        STOPPING(503, "stopping", "The server is shutting down", Effect.NOT_APPLIED),
        READ_TIMEOUT(504, "read_timeout", "The read was not confirmed in time", Effect.NOT_APPLIED),
        COMMIT_TIMEOUT(504, "commit_timeout", "The write was not confirmed in time", Effect.UNKNOWN),
        LEADER_CHANGED(503, "leader_changed", "Leadership was lost before the write was confirmed", Effect.UNKNOWN),
        STOPPED(503, "stopped", "The server shut down before the write was confirmed", Effect.UNKNOWN),
        TRANSFER_TIMEOUT(504, "transfer_timeout", "Leadership was not handed over in time", Effect.UNKNOWN),
        INTERNAL(500, "internal", "The server failed", Effect.NOT_APPLIED),
        INTERNAL_UNKNOWN(500, "internal", "The server failed", Effect.UNKNOWN);

        final int status;
        final String text;
        final String title;
        final Effect effect;

        Code(int status, String text, String title, Effect effect) {
            this.status = status;
            this.text = text;
            this.title = title;
            this.effect = effect;
        }

        /** The client should wait a moment before it tries again. */
        boolean hasRetryAfter() {
            return status == 429 || this == NO_LEADER || this == STOPPING;
        }
    }

    static Problem of(Code code, String detail) {
        return new Problem(code, detail, null, -1, -1, -1, false);
    }

    static Problem badRequest(String detail) {
        return of(Code.BAD_REQUEST, detail);
    }

    static Problem keyNotFound(Key key) {
        return of(Code.KEY_NOT_FOUND, "there is no key '" + key + "'");
    }

    static Problem tooLarge(String what, long limit, long actual) {
        String sent = actual < 0 ? "more was sent" : "this one has " + actual;
        return new Problem(
                Code.TOO_LARGE, what + " has at most " + limit + " bytes; " + sent, null, limit, actual, -1, false);
    }

    static Problem tooManyOperations(int limit) {
        return new Problem(Code.TOO_LARGE, "a batch has at most " + limit + " operations", null, limit, -1, -1, false);
    }

    static Problem batchFull(int limit) {
        return new Problem(
                Code.BATCH_FULL,
                "the reads of a batch answer with at most " + limit + " bytes; ask for this key again",
                null,
                limit,
                -1,
                -1,
                true);
    }

    static Problem busy(String detail, long limit, long actual) {
        return new Problem(Code.BUSY, detail, null, limit, actual, -1, true);
    }

    /** @param shortage null: there is room again */
    static Problem spaceQuota(@Nullable Shortage shortage) {
        String reads = "; reads and deletes are served, and writes again once there is room";
        if (shortage == null) {
            return of(Code.SPACE_QUOTA, "a disk of the cluster had no room for more" + reads);
        }
        String detail = shortage.kind() == Shortage.Kind.QUOTA
                ? "the state takes " + shortage.actual() + " bytes, its quota is " + shortage.limit()
                : "a disk of the cluster has room for " + shortage.actual() + " bytes, fewer than the "
                        + shortage.limit() + " that are kept free";
        return new Problem(Code.SPACE_QUOTA, detail + reads, null, shortage.limit(), shortage.actual(), -1, false);
    }

    static Problem preconditionFailed(long modRevision) {
        String detail = modRevision == 0
                ? "the key does not exist; nothing was changed"
                : "the key is at modRevision " + modRevision + "; nothing was changed";
        return new Problem(Code.PRECONDITION_FAILED, detail, null, -1, -1, modRevision, false);
    }

    /** The server failed at something it should not have; {@code id} is in its log. */
    static Problem internal(String id, boolean handedOver) {
        return of(
                handedOver ? Code.INTERNAL_UNKNOWN : Code.INTERNAL,
                "the server failed unexpectedly; its log has the cause under " + id);
    }

    /**
     * The node refused.
     *
     * @param leaderUrl where {@code leader} serves HTTP, null when that is not known
     */
    static Problem of(Refusal refusal, @Nullable NodeId leader, @Nullable String leaderUrl) {
        return switch (refusal) {
            case NOT_LEADER ->
                leader != null && leaderUrl != null
                        ? retry(Code.NOT_LEADER, leader + " leads; ask it at " + leaderUrl, leader)
                        : retry(
                                Code.NO_LEADER,
                                "this server does not lead and does not know how to reach who does",
                                leader);
            case NO_LEADER ->
                retry(Code.NO_LEADER, "no leader is known at the moment; an election may be under way", leader);
            case TRANSFERRING -> retry(Code.NO_LEADER, "the leader is handing over; try again in a moment", leader);
            case BUSY -> retry(Code.BUSY, "too many requests, or too many bytes, wait for their commit", leader);
            case TIMEOUT ->
                retry(Code.READ_TIMEOUT, "no majority confirmed the read in time, or this server is behind", leader);
            case SPACE_QUOTA -> spaceQuota(null);
            case STOPPING -> retry(Code.STOPPING, "this server is shutting down; ask another one", leader);
        };
    }

    /**
     * The outcome of a write is not known.
     *
     * @param repeatable a second attempt cannot apply it twice
     */
    static Problem of(Uncertainty uncertainty, @Nullable NodeId leader, boolean repeatable) {
        String advice = repeatable
                ? "; it is safe to send the same request again"
                : "; read before writing again, or send an Idempotency-Key or a condition next time";
        return switch (uncertainty) {
            case COMMIT_TIMEOUT ->
                unknown(
                        Code.COMMIT_TIMEOUT,
                        "no majority confirmed the write in time: it may still be applied" + advice,
                        leader,
                        repeatable);
            case LEADER_CHANGED ->
                unknown(
                        Code.LEADER_CHANGED,
                        "this server lost leadership: the write may or may not be applied" + advice,
                        leader,
                        repeatable);
            case STOPPED ->
                unknown(
                        Code.STOPPED,
                        "this server shut down: the write may or may not be applied" + advice,
                        leader,
                        repeatable);
        };
    }

    /** The state machine refused; null when it did not. */
    static @Nullable Problem of(Outcome outcome) {
        if (outcome instanceof Outcome.PreconditionFailed failed) {
            return preconditionFailed(failed.modRevision());
        }
        if (outcome instanceof Outcome.RangeTooLarge range) {
            return new Problem(
                    Code.TOO_LARGE,
                    "the range holds more than " + range.keysMax() + " keys; nothing was deleted",
                    null,
                    range.keysMax(),
                    -1,
                    -1,
                    false);
        }
        if (outcome instanceof Outcome.IdempotencyKeyReused) {
            return of(
                    Code.IDEMPOTENCY_KEY_REUSED,
                    "this Idempotency-Key was used for a request that asked for something else; nothing was changed");
        }
        if (outcome instanceof Outcome.Invalid invalid) {
            return badRequest(invalid.reason());
        }
        return null;
    }

    /** A transfer of leadership was tried; nobody is known to lead instead. */
    static Problem transferTimedOut(@Nullable NodeId leader) {
        return retry(Code.TRANSFER_TIMEOUT, "no other leader was seen in time; it may still come", leader);
    }

    private static Problem retry(Code code, String detail, @Nullable NodeId leader) {
        return new Problem(code, detail, leader, -1, -1, -1, true);
    }

    private static Problem unknown(Code code, String detail, @Nullable NodeId leader, boolean repeatable) {
        return new Problem(code, detail, leader, -1, -1, -1, repeatable);
    }

    /** Writes the {@code application/problem+json} document. */
    void writeTo(JsonBuffer json) {
        json.beginObject();
        fieldsTo(json);
        json.endObject();
    }

    /** Writes the members of the document. */
    void fieldsTo(JsonBuffer json) {
        json.field("type", "urn:balsa:problem:" + code.text);
        json.field("title", code.title);
        json.field("status", code.status);
        json.field("detail", detail);
        json.field("code", code.text);
        json.field("retryable", retryable);
        json.field("outcome", code.effect.text);
        if (leader != null) {
            json.field("leader", leader.toString());
        }
        if (limit >= 0) {
            json.field("limit", limit);
        }
        if (actual >= 0) {
            json.field("actual", actual);
        }
        if (modRevision >= 0) {
            json.field("modRevision", modRevision);
        }
    }
}

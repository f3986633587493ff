package io.balsa.sim;

import io.balsa.kv.Key;
import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import io.balsa.kv.Precondition;
import io.balsa.kv.QueryResult;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One call of one client on one key, from its invocation to its completion.
 *
 * @param id of the call in its {@link History}; the reads of one page share theirs
 * @param invokedAt position in the history
 * @param completedAt position in the history; {@link Long#MAX_VALUE} for {@link Completion#INFO}
 * @param value what a put writes; empty for other kinds
 * @param outcome what a write was answered; null unless {@link Completion#OK}
 * @param read what a get was answered; null unless {@link Completion#OK}
 * @param invokedMillis when, for the reader; the order of things is in the positions
 */
public record Operation(
        int id,
        int client,
        long invokedAt,
        long completedAt,
        Kind kind,
        Key key,
        ByteBuffer value,
        Precondition precondition,
        Completion completion,
        @Nullable Outcome outcome,
        QueryResult.@Nullable One read,
        long invokedMillis) {

    /** What was asked for. */
    public enum Kind {
        PUT,
        DELETE,
        GET
    }

    /** How it ended. */
    public enum Completion {
        /** With an answer, be it a refusal by the state machine. */
        OK,
        /** Certainly without effect, now and later. */
        FAIL,
        /** Unknown: it may take effect at any time after its invocation, or never. */
        INFO
    }

    /** The store's revision in the answer; only of {@link Completion#OK}. */
    long revision() {
        if (read != null) {
            return read.revision();
        }
        if (outcome == null) {
            throw new IllegalStateException("no answer: " + this);
        }
        return outcome.revision();
    }

    /** Whether the answer says that the key was changed. */
    boolean mutated() {
        return outcome instanceof Outcome.Written || (outcome instanceof Outcome.Deleted d && d.deleted() > 0);
    }

    @Override
    public String toString() {
        String call = switch (kind) {
            case PUT -> "put " + key + " = " + text(value) + condition();
            case DELETE -> "delete " + key + condition();
            case GET -> "get " + key;
        };
        String end = completedAt == Long.MAX_VALUE ? "..." : String.valueOf(completedAt);
        return "#" + id + " client " + client + " [" + invokedAt + " to " + end + ", " + invokedMillis + " ms] " + call
                + " -> " + answer();
    }

    private String condition() {
        return precondition == Precondition.NONE ? "" : " if " + precondition;
    }

    private String answer() {
        if (read != null) {
            return text(read.keyValue()) + " at revision " + read.revision();
        }
        if (outcome instanceof Outcome.Written w) {
            return "written: version " + w.version() + ", created at " + w.createRevision() + ", revision "
                    + w.revision();
        }
        if (outcome instanceof Outcome.Deleted d) {
            return "deleted " + d.deleted() + ", revision " + d.revision();
        }
        return switch (completion) {
            case OK -> String.valueOf(outcome);
            case FAIL -> "not applied";
            case INFO -> "unknown";
        };
    }

    static String text(@Nullable KeyValue keyValue) {
        return keyValue == null
                ? "absent"
                : text(keyValue.value()) + " (version " + keyValue.version() + ", created at "
                        + keyValue.createRevision() + ", changed at " + keyValue.modRevision() + ")";
    }

    /** Values of tests are short texts; of others, the length must do. */
    static String text(ByteBuffer value) {
        int bytes = value.remaining();
        if (bytes == 0) {
            return "''";
        }
        byte[] head = new byte[Math.min(bytes, 40)];
        value.get(value.position(), head);
        return "'" + Key.of(head) + "'" + (bytes > head.length ? " and more, " + bytes + " bytes" : "");
    }
}

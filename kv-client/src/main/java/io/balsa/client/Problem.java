package io.balsa.client;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A server's refusal: what this client reads of {@code application/problem+json} (RFC 9457).
 *
 * @param code why, for programs; empty when the body was no problem of Balsa's
 * @param notApplied whether it says outright that nothing happened; otherwise the outcome is unknown
 * @param leader the URL of the server to ask instead; null when not given
 * @param limit what was exceeded or fallen short of; -1 when not given
 * @param actual what there is instead; -1 when not given
 * @param modRevision what a failed condition found; 0 when the key does not exist
 */
record Problem(
        String code,
        String detail,
        boolean retryable,
        boolean notApplied,
        @Nullable String leader,
        long limit,
        long actual,
        long modRevision) {

    /** A body that is no problem document says nothing: its outcome is unknown. */
    static Problem read(byte[] body) {
        String code = "";
        String detail = "";
        String outcome = "";
        String leader = null;
        boolean retryable = false;
        long limit = -1;
        long actual = -1;
        long modRevision = 0;
        try (JsonParser json = Answers.parser(body)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                return nothing();
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "code" -> code = json.getValueAsString("");
                    case "detail" -> detail = json.getValueAsString("");
                    case "outcome" -> outcome = json.getValueAsString("");
                    case "retryable" -> retryable = json.getValueAsBoolean();
                    case "leader" -> leader = json.getValueAsString();
                    case "limit" -> limit = json.getValueAsLong();
                    case "actual" -> actual = json.getValueAsLong();
                    case "modRevision" -> modRevision = json.getValueAsLong();
                    default -> json.skipChildren();
                }
            }
        } catch (IOException notJson) {
            return nothing();
        }
        return new Problem(code, detail, retryable, outcome.equals("not_applied"), leader, limit, actual, modRevision);
    }

    private static Problem nothing() {
        return new Problem("", "", false, false, null, -1, -1, 0);
    }
}

package io.balsa.client;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes the answer to a batch apart: each result becomes the reply that its operation would have had by itself. */
final class BatchAnswer {
    private static final String FULL = "batch_full";

    private BatchAnswer() {}

    /** One reply an operation. When the answer is not what the contract says, each gets one that nobody can read. */
    static List<HttpTransport.Reply> of(HttpTransport.Reply whole, int operations) {
        try {
            List<HttpTransport.Reply> replies = read(whole.body());
            if (replies != null && replies.size() == operations) {
                return replies;
            }
        } catch (IOException notJson) {
            // As below.
        }
        return Collections.nCopies(operations, new HttpTransport.Reply(whole.status(), "", "", new byte[0]));
    }

    /** The server did nothing with this one, for want of room in the answer. */
    static boolean isToBeAskedAgain(HttpTransport.Reply reply) {
        return reply.status() == 503 && Problem.read(reply.body()).code().equals(FULL);
    }

    private static @Nullable List<HttpTransport.Reply> read(byte[] body) throws IOException {
        List<HttpTransport.Reply> replies = null;
        try (JsonParser json = Answers.parser(body)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean results = json.currentName().equals("results");
                JsonToken value = json.nextToken();
                if (results && value == JsonToken.START_ARRAY) {
                    replies = results(json, body);
                } else {
                    json.skipChildren();
                }
            }
        }
        return replies;
    }

    private static List<HttpTransport.Reply> results(JsonParser json, byte[] body) throws IOException {
        List<HttpTransport.Reply> replies = new ArrayList<>();
        while (json.nextToken() == JsonToken.START_OBJECT) {
            replies.add(result(json, body));
        }
        return replies;
    }

    private static HttpTransport.Reply result(JsonParser json, byte[] body) throws IOException {
        int from = (int) json.currentTokenLocation().getByteOffset();
        int status = 0;
        String location = "";
        String retryAfter = "";
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "status" -> status = json.getValueAsInt();
                case "location" -> location = json.getValueAsString("");
                case "retryAfter" -> retryAfter = json.getValueAsString("");
                default -> json.skipChildren();
            }
        }
        int to = (int) json.currentTokenLocation().getByteOffset() + 1;
        return new HttpTransport.Reply(status, location, retryAfter, Arrays.copyOfRange(body, from, to));
    }
}

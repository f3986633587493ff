package io.balsa.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON of a batch, token by token. What is not the shape that the contract says makes the whole batch
 * refused: {@link Refused}. What one operation asks for and may not have is that operation's own problem
 * ({@link BatchDraft}).
 */
final class BatchReader {
    private static final int DEPTH_MAX = 32;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_MAX)
                    .maxStringLength(Limits.BATCH_BYTES_MAX)
                    .build())
            .build();

    private final JsonParser json;
    private final BatchDraft draft = new BatchDraft();

    private BatchReader(JsonParser json) {
        this.json = json;
    }

    /** The operations, in their order. */
    static List<BatchOperation> read(ByteBuffer body) {
        try (JsonParser json = parser(body)) {
            return new BatchReader(json).document();
        } catch (JsonProcessingException notJson) {
            throw bad("the body is not JSON: " + notJson.getOriginalMessage());
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Reads in place where it can: a body is copied often enough. */
    private static JsonParser parser(ByteBuffer body) throws IOException {
        if (body.hasArray()) {
            return JSON.createParser(body.array(), body.arrayOffset() + body.position(), body.remaining());
        }
        byte[] bytes = new byte[body.remaining()];
        body.get(body.position(), bytes);
        return JSON.createParser(bytes);
    }

    private List<BatchOperation> document() throws IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw bad("the body is like {\"operations\":[{\"op\":\"get\",\"key\":\"a\"}]}");
        }
        List<BatchOperation> operations = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            if (!json.currentName().equals("operations")) {
                throw bad("the member '" + shown(json.currentName()) + "' is not known; known is: operations");
            }
            if (operations != null) {
                throw bad("the member 'operations' is there twice");
            }
            operations = operations();
        }
        if (operations == null) {
            throw bad("the member 'operations' is missing");
        }
        if (json.nextToken() != null) {
            throw bad("something follows behind the batch");
        }
        return operations;
    }

    private List<BatchOperation> operations() throws IOException {
        if (json.nextToken() != JsonToken.START_ARRAY) {
            throw bad("'operations' is an array");
        }
        List<BatchOperation> operations = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (operations.size() == Limits.BATCH_OPERATIONS_MAX) {
                throw new Refused(Problem.tooManyOperations(Limits.BATCH_OPERATIONS_MAX));
            }
            String complaint = operation();
            if (complaint != null) {
                throw bad("operations[" + operations.size() + "]: " + complaint);
            }
            operations.add(draft.toOperation());
        }
        return operations;
    }

    /** Reads one operation into the draft; what is wrong with its shape, or null. */
    private @Nullable String operation() throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            return "an operation is an object";
        }
        draft.clear();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            BatchDraft.Member member = BatchDraft.Member.named(name);
            if (member == null) {
                return "the member '" + shown(name) + "' is not known";
            }
            if (!draft.isNew(member)) {
                return "the member '" + name + "' is there twice";
            }
            json.nextToken();
            String complaint = draft.read(member, json);
            if (complaint != null) {
                return "'" + name + "' " + complaint;
            }
        }
        return draft.complaint();
    }

    /** A stranger's name, not longer than an error should be. */
    private static String shown(String name) {
        return name.length() <= 64 ? name : name.substring(0, 64) + "…";
    }

    private static Refused bad(String detail) {
        return new Refused(Problem.badRequest(detail));
    }
}

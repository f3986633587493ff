package io.balsa.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the servers' JSON. Members that it does not know it passes over, so a newer server may say more; a member that it
 * needs and does not find is an IOException.
 */
final class Answers {
    private static final int DEPTH_MAX = 32;
    private static final int NOT_FOUND = 404;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_MAX)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private Answers() {}

    /** Reads the value of one member, on which the parser stands. */
    interface MemberReader {
        void read(String name, JsonParser json) throws IOException;
    }

    static JsonParser parser(byte[] body) throws IOException {
        return JSON.createParser(body);
    }

    static Optional<KeyValue> get(HttpTransport.Reply reply) throws IOException {
        if (reply.status() == NOT_FOUND) {
            return Optional.empty();
        }
        try (JsonParser json = parser(reply.body())) {
            json.nextToken();
            return Optional.of(keyValue(json));
        }
    }

    static PutResult put(HttpTransport.Reply reply) throws IOException {
        Numbers numbers = new Numbers();
        object(reply, numbers);
        return new PutResult(
                reply.status() == 201,
                numbers.need("version"),
                numbers.need("createRevision"),
                numbers.need("modRevision"));
    }

    static long deleted(HttpTransport.Reply reply) throws IOException {
        Numbers numbers = new Numbers();
        object(reply, numbers);
        return numbers.need("deleted");
    }

    static KeyCount count(HttpTransport.Reply reply) throws IOException {
        Numbers numbers = new Numbers();
        boolean[] capped = new boolean[1];
        object(reply, (name, json) -> {
            if (name.equals("capped")) {
                capped[0] = json.getBooleanValue();
            } else {
                numbers.read(name, json);
            }
        });
        return new KeyCount(numbers.need("count"), capped[0]);
    }

    static Page page(HttpTransport.Reply reply) throws IOException {
        PageReader page = new PageReader();
        object(reply, page);
        if (page.more && page.cursor == null) {
            throw new IOException("the page says that more follows, but not from where");
        }
        return new Page(page.items, page.more ? page.cursor : null);
    }

    static void object(HttpTransport.Reply reply, MemberReader members) throws IOException {
        try (JsonParser json = parser(reply.body())) {
            json.nextToken();
            object(json, members);
        }
    }

    /** Reads the object at whose beginning the parser stands; afterwards it stands at its end. */
    static void object(JsonParser json, MemberReader members) throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw new IOException("expected a JSON object, found " + json.currentToken());
        }
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            members.read(name, json);
        }
    }

    /** Reads the array at whose beginning the parser stands. */
    static <T> List<T> array(JsonParser json, ItemReader<T> item) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw new IOException("expected a JSON array, found " + json.currentToken());
        }
        List<T> items = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            items.add(item.read(json));
        }
        return items;
    }

    interface ItemReader<T> {
        T read(JsonParser json) throws IOException;
    }

    private static KeyValue keyValue(JsonParser json) throws IOException {
        KeyValueReader reader = new KeyValueReader();
        object(json, reader);
        return reader.toKeyValue();
    }

    private static byte[] bytes(String text, String encoding) throws IOException {
        if (encoding.equals("utf8")) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        if (!encoding.equals("base64")) {
            throw new IOException("unknown encoding " + encoding);
        }
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException malformed) {
            throw new IOException("malformed base64", malformed);
        }
    }

    private static final class KeyValueReader implements MemberReader {
        private final Numbers numbers = new Numbers();
        private @Nullable String key;
        private String keyEncoding = "utf8";
        private String value = "";
        private String encoding = "utf8";

        @Override
        public void read(String name, JsonParser json) throws IOException {
            switch (name) {
                case "key" -> key = json.getText();
                case "keyEncoding" -> keyEncoding = json.getText();
                case "value" -> value = json.getText();
                case "encoding" -> encoding = json.getText();
                default -> numbers.read(name, json);
            }
        }

        KeyValue toKeyValue() throws IOException {
            if (key == null || key.isEmpty()) {
                throw new IOException("an item without a key");
            }
            return new KeyValue(
                    Key.of(bytes(key, keyEncoding)),
                    ByteBuffer.wrap(bytes(value, encoding)).asReadOnlyBuffer(),
                    numbers.need("version"),
                    numbers.need("createRevision"),
                    numbers.need("modRevision"));
        }
    }

    private static final class PageReader implements MemberReader {
        private List<KeyValue> items = List.of();
        private boolean more;
        private @Nullable String cursor;

        @Override
        public void read(String name, JsonParser json) throws IOException {
            switch (name) {
                case "items" -> items = array(json, Answers::keyValue);
                case "more" -> more = json.getBooleanValue();
                case "cursor" -> cursor = json.getValueAsString();
                default -> json.skipChildren();
            }
        }
    }
}

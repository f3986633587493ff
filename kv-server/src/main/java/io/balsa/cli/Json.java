package io.balsa.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.balsa.client.KeyValue;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Writes one JSON document on one line, in the server's own spelling. */
final class Json {
    private static final JsonFactory FACTORY = new JsonFactory();

    private Json() {}

    /** Writes the members of one object. */
    interface Members {
        void write(JsonGenerator json) throws IOException;
    }

    static void line(PrintWriter out, Members members) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(text)) {
            json.writeStartObject();
            members.write(json);
            json.writeEndObject();
        }
        out.println(text);
    }

    static void keyValue(JsonGenerator json, KeyValue found, boolean withValue) throws IOException {
        json.writeStringField("key", found.key().toString());
        if (withValue) {
            try {
                String text = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(found.value())
                        .toString();
                json.writeStringField("value", text);
                json.writeStringField("encoding", "utf8");
            } catch (CharacterCodingException notText) {
                json.writeStringField("value", Base64.getEncoder().encodeToString(found.valueBytes()));
                json.writeStringField("encoding", "base64");
            }
        }
        json.writeNumberField("version", found.version());
        json.writeNumberField("createRevision", found.createRevision());
        json.writeNumberField("modRevision", found.modRevision());
    }
}

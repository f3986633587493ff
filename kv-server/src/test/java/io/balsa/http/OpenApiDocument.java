package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;

/** The served OpenAPI document as a judge: does an answer look as the document says, and was all of it seen? */
final class OpenApiDocument {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete");
    /** Every answer may have these; they are HTTP's own. */
    private static final Set<String> PLAIN_HEADERS = Set.of("content-type", "content-length", "connection");

    private final JsonNode root;
    private final JsonSchemaFactory schemas = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
    private final Set<String> seen = new ConcurrentSkipListSet<>();

    OpenApiDocument() {
        try (InputStream stream = OpenApiDocument.class.getResourceAsStream("/openapi.yaml")) {
            root = new ObjectMapper(new YAMLFactory()).readTree(stream);
        } catch (IOException unreadable) {
            throw new AssertionError(unreadable);
        }
    }

    /** Fails unless the document describes this answer: status, headers, content type and JSON. */
    void check(String method, String template, int status, Map<String, List<String>> headers, byte[] body) {
        String effective = method.equals("HEAD") ? "get" : method.toLowerCase(Locale.ROOT);
        JsonNode operation = root.path("paths").path(template).path(effective);
        JsonNode documented = operation.path("responses").path(Integer.toString(status));
        if (documented.isMissingNode()) {
            documented = operation.path("responses").path("default");
        } else {
            seen.add(effective + " " + template + " " + status);
        }
        JsonNode response = operation.isMissingNode() ? root.at("/components/responses/Problem") : resolve(documented);
        assertThat(response.isMissingNode())
                .as("%s %s %d is documented", method, template, status)
                .isFalse();
        checkHeaders(response, headers);
        checkBody(method, response, headers, body);
    }

    private void checkHeaders(JsonNode response, Map<String, List<String>> headers) {
        Set<String> documented = new TreeSet<>(PLAIN_HEADERS);
        response.path("headers").properties().forEach(entry -> {
            String name = entry.getKey().toLowerCase(Locale.ROOT);
            documented.add(name);
            JsonNode header = resolve(entry.getValue());
            List<String> values = headers.getOrDefault(name, List.of());
            if (header.path("required").asBoolean()) {
                assertThat(values).as("the header %s", name).hasSize(1);
            }
            for (String value : values) {
                validate(header.path("schema"), JSON.getNodeFactory().textNode(value), "the header " + name);
            }
        });
        assertThat(documented).as("the documented headers").containsAll(headers.keySet());
    }

    private void checkBody(String method, JsonNode response, Map<String, List<String>> headers, byte[] body) {
        JsonNode content = response.path("content");
        if (content.isMissingNode()) {
            assertThat(body).as("an answer without content").isEmpty();
            return;
        }
        String type = headers.getOrDefault("content-type", List.of("")).get(0);
        int semicolon = type.indexOf(';');
        String media = semicolon < 0 ? type : type.substring(0, semicolon);
        assertThat(content.has(media))
                .as("content type %s is documented", media)
                .isTrue();
        JsonNode schema = content.path(media).path("schema");
        if (!schema.isMissingNode() && !method.equals("HEAD")) {
            try {
                validate(schema, JSON.readTree(body), "the body");
            } catch (IOException notJson) {
                throw new AssertionError(notJson);
            }
        }
    }

    private void validate(JsonNode schema, JsonNode instance, String what) {
        ObjectNode whole = schema.deepCopy();
        whole.set("components", root.path("components"));
        assertThat(schemas.getSchema(whole).validate(instance))
                .as("%s %s", what, instance)
                .isEmpty();
    }

    private JsonNode resolve(JsonNode node) {
        JsonNode reference = node.path("$ref");
        return reference.isMissingNode() ? node : root.at(reference.asText().substring(1));
    }

    /** Everything documented for which no answer was checked. */
    Set<String> unseen() {
        Set<String> unseen = new TreeSet<>();
        root.path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(operation -> {
                    if (METHODS.contains(operation.getKey())) {
                        operation.getValue().path("responses").fieldNames().forEachRemaining(status -> {
                            if (!status.equals("default")) {
                                unseen.add(operation.getKey() + " " + path.getKey() + " " + status);
                            }
                        });
                    }
                }));
        unseen.removeAll(seen);
        return unseen;
    }

    /** The methods of a path, in upper case. */
    Set<String> methods(String template) {
        Set<String> methods = new TreeSet<>();
        root.path("paths").path(template).fieldNames().forEachRemaining(name -> {
            if (METHODS.contains(name)) {
                methods.add(name.toUpperCase(Locale.ROOT));
            }
        });
        return methods;
    }

    Set<String> templates() {
        Set<String> templates = new TreeSet<>();
        root.path("paths").fieldNames().forEachRemaining(templates::add);
        return templates;
    }
}

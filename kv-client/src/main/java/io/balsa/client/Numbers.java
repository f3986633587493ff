package io.balsa.client;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** The whole numbers among an object's members; the others are passed over. */
final class Numbers implements Answers.MemberReader {
    private final Map<String, Long> byName = new HashMap<>();

    @Override
    public void read(String name, JsonParser json) throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NUMBER_INT) {
            byName.put(name, json.getLongValue());
        } else {
            json.skipChildren();
        }
    }

    long need(String name) throws IOException {
        Long number = byName.get(name);
        if (number == null) {
            throw new IOException("the answer lacks \"" + name + "\"");
        }
        return number;
    }

    long orElse(String name, long absent) {
        return byName.getOrDefault(name, absent);
    }
}

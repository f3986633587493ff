package io.balsa.http;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The query parameters that some operation understands. */
enum Parameter {
    KEY,
    PREV,
    RAW,
    CONSISTENCY,
    TIMEOUT,
    PREFIX,
    START,
    END,
    LIMIT,
    CURSOR,
    KEYS,
    REVERSE,
    DELIMITER,
    COUNT,
    LOCAL,
    VERBOSE;

    private static final Parameter[] ALL = values();

    final String text = name().toLowerCase(Locale.ROOT);

    /** The one that is named from {@code from} to {@code to} in the raw query; null when there is none. */
    static @Nullable Parameter named(String raw, int from, int to) {
        for (Parameter parameter : ALL) {
            if (parameter.text.length() == to - from && raw.startsWith(parameter.text, from)) {
                return parameter;
            }
        }
        return null;
    }
}

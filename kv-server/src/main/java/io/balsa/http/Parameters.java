package io.balsa.http;

import io.balsa.node.Consistency;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The decoded query of one request. Every method throws {@link Refused} for a value that it cannot take. */
final class Parameters {
    private static final Parameters NONE = new Parameters();
    private static final byte[] EMPTY = new byte[0];

    private final Map<Parameter, byte[]> values = new EnumMap<>(Parameter.class);
    /** The first name that no operation understands. */
    private @Nullable String unknown;

    private Parameters() {}

    /** Reads the query of {@code rawUri}, which begins behind {@code question}, the index of its ? or negative. */
    static Parameters of(String rawUri, int question) {
        if (question < 0 || question == rawUri.length() - 1) {
            return NONE;
        }
        Parameters parameters = new Parameters();
        int from = question + 1;
        while (from <= rawUri.length()) {
            int to = rawUri.indexOf('&', from);
            to = to < 0 ? rawUri.length() : to;
            if (to > from) {
                parameters.add(rawUri, from, to);
            }
            from = to + 1;
        }
        return parameters;
    }

    private void add(String raw, int from, int to) {
        int equals = raw.indexOf('=', from);
        int nameEnd = equals < 0 || equals > to ? to : equals;
        Parameter parameter = Parameter.named(raw, from, nameEnd);
        if (parameter == null) {
            if (unknown == null) {
                unknown = raw.substring(from, Math.min(nameEnd, from + 64));
            }
            return;
        }
        if (values.containsKey(parameter)) {
            throw bad("the parameter '" + parameter.text + "' is there twice");
        }
        values.put(
                parameter,
                nameEnd == to ? EMPTY : Percent.decode(raw, nameEnd + 1, to, "the parameter '" + parameter.text + "'"));
    }

    /** Refuses every parameter that {@code operation} does not understand: it might be a safeguard. */
    void allowOnly(Operation operation) {
        if (this == NONE) {
            return;
        }
        String stranger = unknown;
        for (Parameter parameter : Parameter.values()) {
            if (values.containsKey(parameter) && !operation.knows(parameter)) {
                stranger = parameter.text;
            }
        }
        if (stranger != null) {
            throw bad("the parameter '" + stranger + "' is not known to " + operation.method + " "
                    + operation.route.template + "; known are: " + operation.knownParameters());
        }
    }

    boolean has(Parameter parameter) {
        return values.containsKey(parameter);
    }

    /** The bytes, null when the parameter is absent. */
    byte @Nullable [] bytes(Parameter parameter) {
        return values.get(parameter);
    }

    /** {@code ?name} and {@code ?name=true} are true, {@code ?name=false} and absence are false. */
    boolean flag(Parameter parameter) {
        byte[] value = values.get(parameter);
        if (value == null) {
            return false;
        }
        String text = ascii(value);
        if (text.isEmpty() || text.equals("true")) {
            return true;
        }
        if (text.equals("false")) {
            return false;
        }
        throw bad("the parameter '" + parameter.text + "' is true or false, not '" + text + "'");
    }

    /** A number from 1 to {@code max}. */
    int positive(Parameter parameter, int ifAbsent, int max) {
        byte[] value = values.get(parameter);
        if (value == null) {
            return ifAbsent;
        }
        String text = ascii(value);
        int number = text.length() <= 9 && isDigits(text) ? Integer.parseInt(text) : -1;
        if (number < 1 || number > max) {
            throw bad("the parameter '" + parameter.text + "' is a number from 1 to " + max + ", not '" + text + "'");
        }
        return number;
    }

    Consistency consistency() {
        byte[] value = values.get(Parameter.CONSISTENCY);
        if (value == null) {
            return Consistency.LINEARIZABLE;
        }
        return switch (ascii(value)) {
            case "linearizable" -> Consistency.LINEARIZABLE;
            case "lease" -> Consistency.LEASE;
            case "stale" -> Consistency.STALE;
            default ->
                throw bad("the parameter 'consistency' is linearizable, lease or stale, not '" + ascii(value) + "'");
        };
    }

    /** How long the client wants to wait for an answer: {@code 500ms} or {@code 2s}. */
    long timeoutMillis() {
        byte[] value = values.get(Parameter.TIMEOUT);
        if (value == null) {
            return Limits.TIMEOUT_MILLIS_DEFAULT;
        }
        String text = ascii(value);
        int unit = text.endsWith("ms") ? 1 : 1000;
        String digits = text.endsWith("ms")
                ? text.substring(0, text.length() - 2)
                : text.endsWith("s") ? text.substring(0, text.length() - 1) : "";
        long millis =
                !digits.isEmpty() && digits.length() <= 9 && isDigits(digits) ? Long.parseLong(digits) * unit : -1;
        if (millis < 1 || millis > Limits.TIMEOUT_MILLIS_MAX) {
            throw bad("the parameter 'timeout' is a time like 500ms or 2s, up to " + Limits.TIMEOUT_MILLIS_MAX / 1000
                    + "s, not '" + text + "'");
        }
        return millis;
    }

    private static boolean isDigits(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static String ascii(byte[] value) {
        return new String(value, 0, Math.min(value.length, 64), StandardCharsets.UTF_8);
    }

    private static Refused bad(String detail) {
        return new Refused(Problem.badRequest(detail));
    }
}

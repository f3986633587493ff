package io.balsa.cli;

import io.balsa.client.BalsaClient;
import io.balsa.client.Consistency;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What every command that talks to a cluster takes. Filled by picocli. */
final class ClientOptions {
    static final String DEFAULT_ENDPOINTS = "http://127.0.0.1:8081,http://127.0.0.1:8082,http://127.0.0.1:8083";

    @Option(
            names = "--endpoints",
            split = ",",
            paramLabel = "URL",
            defaultValue = "${env:BALSA_ENDPOINTS:-" + DEFAULT_ENDPOINTS + "}",
            description = "The servers, separated by commas; also from BALSA_ENDPOINTS. Default: ${DEFAULT-VALUE}")
    private List<String> endpoints = List.of();

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "5s",
            converter = TimeConverter.class,
            description = "When to give up, like 500ms, 5s or 1m. Default: ${DEFAULT-VALUE}")
    private Duration timeout = Duration.ofSeconds(5);

    @Option(
            names = "--consistency",
            paramLabel = "linearizable|lease|stale",
            defaultValue = "linearizable",
            description = "How fresh a read must be. Default: ${DEFAULT-VALUE}")
    private Consistency consistency = Consistency.LINEARIZABLE;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "table|json",
            defaultValue = "table",
            description = "For people or for programs. Default: ${DEFAULT-VALUE}")
    private Output output = Output.TABLE;

    /** How results are written. */
    enum Output {
        TABLE,
        JSON
    }

    BalsaClient open() {
        return BalsaClient.builder()
                .endpoints(endpoints)
                .deadline(timeout)
                .consistency(consistency)
                .build();
    }

    List<String> endpoints() {
        return endpoints;
    }

    boolean json() {
        return output == Output.JSON;
    }

    /** Reads {@code 500ms}, {@code 5s}, {@code 1m}. */
    static final class TimeConverter implements ITypeConverter<Duration> {
        private static final Pattern TIME = Pattern.compile("([0-9]{1,9})(ms|s|m)");

        @Override
        public Duration convert(String text) {
            Matcher time = TIME.matcher(text);
            if (!time.matches()) {
                throw new TypeConversionException("a time looks like 500ms, 5s or 1m, not '" + text + "'");
            }
            long number = Long.parseLong(time.group(1));
            Duration duration = switch (time.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                default -> Duration.ofMinutes(number);
            };
            if (duration.isZero() || duration.compareTo(Duration.ofHours(1)) > 0) {
                throw new TypeConversionException("a timeout lies between 1ms and 60m");
            }
            return duration;
        }
    }
}

package io.balsa.benchmarks.jmh;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compares two JMH result files ({@code -rf json}). A benchmark has regressed when its new confidence interval (99.9 %)
 * lies wholly on the bad side of the old one and the scores differ by more than the tolerance; whatever two intervals that
 * overlap may say is noise. Ends with 1 when anything has regressed or is missing, with 2 when a file cannot be read.
 */
public final class Regress {
    private static final double TOLERANCE = 0.05;
    private static final int REGRESSED = 1;
    private static final int UNREADABLE = 2;

    private Regress() {}

    public static void main(String... arguments) {
        if (arguments.length != 2) {
            System.err.println("usage: benchmarks/regress OLD.json NEW.json");
            System.exit(UNREADABLE);
        }
        try {
            String report = compare(read(Path.of(arguments[0])), read(Path.of(arguments[1])));
            System.out.print(report);
            System.exit(report.contains("REGRESSED") || report.contains("MISSING") ? REGRESSED : 0);
        } catch (IOException e) {
            System.err.println("cannot read: " + e.getMessage());
            System.exit(UNREADABLE);
        }
    }

    /**
     * One number with its confidence interval.
     *
     * @param moreIsBetter throughput, against time or bytes
     */
    record Score(double score, double low, double high, boolean moreIsBetter) {}

    /** One line for each benchmark of either file, its verdict first. */
    static String compare(Map<String, Score> before, Map<String, Score> after) {
        StringBuilder report = new StringBuilder();
        for (Map.Entry<String, Score> entry : before.entrySet()) {
            Score now = after.get(entry.getKey());
            if (now == null) {
                report.append("MISSING   ").append(entry.getKey()).append('\n');
                continue;
            }
            Score then = entry.getValue();
            double change = then.score() == 0 ? now.score() == 0 ? 0 : 1 : now.score() / then.score() - 1;
            report.append(String.format(
                    Locale.ROOT,
                    "%-9s %s: %.4g → %.4g (%+.1f %%)%n",
                    verdict(then, now, change),
                    entry.getKey(),
                    then.score(),
                    now.score(),
                    change * 100));
        }
        after.keySet().stream()
                .filter(name -> !before.containsKey(name))
                .forEach(name -> report.append("new       ").append(name).append('\n'));
        return report.toString();
    }

    private static String verdict(Score then, Score now, double change) {
        boolean apart = now.low() > then.high() || now.high() < then.low();
        if (!apart || Math.abs(change) <= TOLERANCE) {
            return "same";
        }
        return change > 0 == then.moreIsBetter() ? "better" : "REGRESSED";
    }

    /** Scores by benchmark, parameters and metric; of the secondary metrics, allocation an operation. */
    static Map<String, Score> read(Path file) throws IOException {
        Map<String, Score> scores = new TreeMap<>();
        try (JsonParser json = new JsonFactory().createParser(Files.newInputStream(file))) {
            if (json.nextToken() != JsonToken.START_ARRAY) {
                throw new IOException(file + " is not a list of JMH results");
            }
            while (json.nextToken() == JsonToken.START_OBJECT) {
                result(json, scores);
            }
        }
        return scores;
    }

    private static void result(JsonParser json, Map<String, Score> scores) throws IOException {
        String name = "";
        String mode = "";
        Map<String, String> parameters = new LinkedHashMap<>();
        Map<String, Score> found = new TreeMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "benchmark" -> name = json.getText();
                case "mode" -> mode = json.getText();
                case "params" -> parameters(json, parameters);
                case "primaryMetric" -> found.put("", score(json, mode.equals("thrpt")));
                case "secondaryMetrics" -> secondary(json, found);
                default -> json.skipChildren();
            }
        }
        for (Map.Entry<String, Score> metric : found.entrySet()) {
            scores.put(name + (parameters.isEmpty() ? "" : parameters) + metric.getKey(), metric.getValue());
        }
    }

    private static void parameters(JsonParser json, Map<String, String> parameters) throws IOException {
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            parameters.put(name, json.nextTextValue());
        }
    }

    private static void secondary(JsonParser json, Map<String, Score> found) throws IOException {
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            // Older versions of JMH put a middle dot before the names of its own metrics.
            if (name.endsWith("gc.alloc.rate.norm")) {
                found.put(" allocated bytes", score(json, false));
            } else {
                json.skipChildren();
            }
        }
    }

    private static Score score(JsonParser json, boolean moreIsBetter) throws IOException {
        double score = Double.NaN;
        double[] interval = {Double.NaN, Double.NaN};
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            if (field.equals("score")) {
                score = number(json);
            } else if (field.equals("scoreConfidence") && value == JsonToken.START_ARRAY) {
                for (int i = 0; json.nextToken() != JsonToken.END_ARRAY; i++) {
                    interval[Math.min(i, 1)] = number(json);
                }
            } else {
                json.skipChildren();
            }
        }
        // A single measurement has no interval: it stands for itself.
        return new Score(
                score,
                Double.isNaN(interval[0]) ? score : interval[0],
                Double.isNaN(interval[1]) ? score : interval[1],
                moreIsBetter);
    }

    /** JMH writes NaN as a string. */
    private static double number(JsonParser json) throws IOException {
        return json.currentToken().isNumeric() ? json.getDoubleValue() : Double.NaN;
    }
}

package io.balsa.benchmarks.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A table in Markdown, its columns padded so that it can be read as plain text too. */
final class Markdown {
    private final List<List<String>> rows = new ArrayList<>();

    private Markdown(List<String> header) {
        rows.add(header);
    }

    static Markdown table(String... header) {
        return new Markdown(List.of(header));
    }

    Markdown row(String... cells) {
        if (cells.length != rows.get(0).size()) {
            throw new IllegalArgumentException(
                    cells.length + " cells in a table of " + rows.get(0).size());
        }
        rows.add(List.of(cells));
        return this;
    }

    boolean isEmpty() {
        return rows.size() == 1;
    }

    @Override
    public String toString() {
        int columns = rows.get(0).size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < rows.size(); i++) {
            append(text, rows.get(i), widths);
            if (i == 0) {
                text.append('|');
                for (int width : widths) {
                    text.append("-".repeat(width + 2)).append('|');
                }
                text.append('\n');
            }
        }
        return text.toString();
    }

    private static void append(StringBuilder text, List<String> row, int[] widths) {
        text.append('|');
        for (int i = 0; i < widths.length; i++) {
            text.append(' ')
                    .append(row.get(i))
                    .append(" ".repeat(widths[i] - row.get(i).length()));
            text.append(" |");
        }
        text.append('\n');
    }

    /** Three significant digits or whole, with thousands apart; an en dash when unknown. */
    static String number(double number) {
        if (Double.isNaN(number)) {
            return "–";
        }
        double size = Math.abs(number);
        if (size >= 100) {
            return String.format(Locale.ROOT, "%,.0f", number);
        }
        return String.format(Locale.ROOT, size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", number);
    }

    /** The median, and the range over the rounds where there is one. */
    static String spread(Spread spread) {
        String median = number(spread.median());
        return spread.least() == spread.greatest() || Double.isNaN(spread.median())
                ? median
                : median + " (" + number(spread.least()) + "–" + number(spread.greatest()) + ")";
    }
}

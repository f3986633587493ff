package io.balsa.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Columns as wide as their widest cell, the last one open. */
final class Table {
    private static final int CELL_CHARS_MAX = 80;

    private final List<String[]> rows = new ArrayList<>();

    /** With these headings; none: no line of headings. */
    Table(String... headings) {
        if (headings.length > 0) {
            rows.add(headings);
        }
    }

    void row(String... cells) {
        String[] row = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            row[i] = cell(cells[i], CELL_CHARS_MAX);
        }
        rows.add(row);
    }

    /** Fit for one line: control characters replaced, and cut when longer than {@code charsMax}. */
    static String cell(String text, int charsMax) {
        int length = Math.min(text.length(), charsMax);
        StringBuilder cell = new StringBuilder(length + 1);
        for (int i = 0; i < length; i++) {
            cell.append(Character.isISOControl(text.charAt(i)) ? '\uFFFD' : text.charAt(i));
        }
        return length < text.length() ? cell.append('…').toString() : cell.toString();
    }

    void print(PrintWriter out) {
        if (rows.isEmpty()) {
            return;
        }
        int[] widths = new int[rows.get(0).length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                line.append(row[i]);
                if (i < row.length - 1) {
                    line.append(" ".repeat(widths[i] - row[i].length() + 2));
                }
            }
            out.println(line);
        }
    }
}

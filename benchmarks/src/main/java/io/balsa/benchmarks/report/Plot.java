package io.balsa.benchmarks.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Curves in one SVG picture, both axes logarithmic: throughput and latency span orders of magnitude. Each point may carry
 * a range, drawn as a vertical bar. Readable on white and on dark grounds, without a script or a font of its own.
 */
final class Plot {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 420;
    private static final int LEFT = 80;
    private static final int RIGHT = 170;
    private static final int TOP = 40;
    private static final int BOTTOM = 50;
    private static final int LEGEND_LINE = 20;
    private static final List<String> COLOURS =
            List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999");

    private final String title;
    private final String xLabel;
    private final String yLabel;
    private final Map<String, List<Point>> curves = new LinkedHashMap<>();

    Plot(String title, String xLabel, String yLabel) {
        this.title = title;
        this.xLabel = xLabel;
        this.yLabel = yLabel;
    }

    private record Point(double x, Spread y) {}

    /** Leaves out what a logarithmic axis cannot show. */
    void add(String curve, double x, Spread y) {
        if (x > 0 && y.median() > 0 && y.least() > 0) {
            curves.computeIfAbsent(curve, key -> new ArrayList<>()).add(new Point(x, y));
        }
    }

    /** Whether at least one curve has two points. */
    boolean isWorthDrawing() {
        return curves.values().stream().anyMatch(points -> points.size() > 1);
    }

    String svg() {
        Axis x = axis(point -> new double[] {point.x()}, LEFT, WIDTH - RIGHT);
        Axis y = axis(point -> new double[] {point.y().least(), point.y().greatest()}, HEIGHT - BOTTOM, TOP);
        StringBuilder svg = new StringBuilder();
        svg.append(text(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
                        + " font-size=\"12\">%n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>%n",
                WIDTH, HEIGHT, WIDTH, HEIGHT));
        label(svg, LEFT, TOP - 18, "start", "<tspan font-weight=\"bold\">" + escape(title) + "</tspan>");
        label(svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12, "middle", escape(xLabel));
        svg.append(text(
                "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>%n",
                (TOP + HEIGHT - BOTTOM) / 2, escape(yLabel)));
        grid(svg, x, y);
        int number = 0;
        for (Map.Entry<String, List<Point>> curve : curves.entrySet()) {
            curve(svg, curve.getKey(), curve.getValue(), number++, x, y);
        }
        return svg.append("</svg>\n").toString();
    }

    private interface Values {
        double[] of(Point point);
    }

    private Axis axis(Values values, double from, double to) {
        double least = Double.MAX_VALUE;
        double greatest = 0;
        for (List<Point> points : curves.values()) {
            for (Point point : points) {
                for (double value : values.of(point)) {
                    least = Math.min(least, value);
                    greatest = Math.max(greatest, value);
                }
            }
        }
        return new Axis(least / 1.2, greatest * 1.2, from, to);
    }

    private record Axis(double least, double greatest, double from, double to) {
        double at(double value) {
            return from + (to - from) * Math.log(value / least) / Math.log(greatest / least);
        }

        /** 1, 2 and 5 of every power of ten; 1 alone where those would crowd. */
        List<Double> ticks() {
            List<Double> ticks = new ArrayList<>();
            boolean crowded = greatest / least > 10_000;
            for (double power = Math.pow(10, Math.floor(Math.log10(least))); power <= greatest; power *= 10) {
                for (double tick : crowded ? new double[] {power} : new double[] {power, 2 * power, 5 * power}) {
                    if (tick >= least && tick <= greatest) {
                        ticks.add(tick);
                    }
                }
            }
            return ticks;
        }
    }

    private static void grid(StringBuilder svg, Axis x, Axis y) {
        for (double tick : x.ticks()) {
            svg.append(line(x.at(tick), TOP, x.at(tick), HEIGHT - BOTTOM, "#dddddd", 1));
            label(svg, x.at(tick), HEIGHT - BOTTOM + 16, "middle", tickText(tick));
        }
        for (double tick : y.ticks()) {
            svg.append(line(LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick), "#dddddd", 1));
            label(svg, LEFT - 6, y.at(tick) + 4, "end", tickText(tick));
        }
    }

    private static void curve(StringBuilder svg, String name, List<Point> points, int number, Axis x, Axis y) {
        String colour = COLOURS.get(number % COLOURS.size());
        StringBuilder path = new StringBuilder();
        for (Point point : points) {
            double px = x.at(point.x());
            double py = y.at(point.y().median());
            path.append(text("%s%.1f %.1f", path.isEmpty() ? "M" : " L", px, py));
            svg.append(line(px, y.at(point.y().least()), px, y.at(point.y().greatest()), colour, 1));
            svg.append(text("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>%n", px, py, colour));
        }
        svg.append(text("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>%n", path, colour));
        int legendY = TOP + 10 + number * LEGEND_LINE;
        svg.append(line(WIDTH - RIGHT + 12, legendY, WIDTH - RIGHT + 32, legendY, colour, 3));
        label(svg, WIDTH - RIGHT + 38, legendY + 4, "start", escape(name));
    }

    private static String line(double x1, double y1, double x2, double y2, String colour, int width) {
        return text(
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%d\"/>%n",
                x1, y1, x2, y2, colour, width);
    }

    private static void label(StringBuilder svg, double x, double y, String anchor, String content) {
        svg.append(text("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n", x, y, anchor, content));
    }

    private static String tickText(double tick) {
        return tick >= 1 ? text("%,.0f", tick) : text("%.3g", tick);
    }

    private static String escape(String plain) {
        return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private static String text(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }
}

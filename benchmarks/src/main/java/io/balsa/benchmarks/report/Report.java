package io.balsa.benchmarks.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Writes what was measured: {@code RESULTS.md}, and beside it {@code results/} with the CSV files and the plots. */
public final class Report {
    private static final double MIB = 1024 * 1024;

    private final Results results;
    private final String command;
    private final List<String> machine;
    private final List<String> versions;
    private final Map<String, String> plots = new LinkedHashMap<>();

    /**
     * @param command as it was given
     * @param versions of the measured systems, with the options they were started with
     */
    public Report(Results results, String command, List<String> machine, List<String> versions) {
        this.results = results;
        this.command = command;
        this.machine = List.copyOf(machine);
        this.versions = List.copyOf(versions);
    }

    /** May be called again as results come in; replaces what it wrote before. */
    public void write(Path directory) throws IOException {
        Path files = Files.createDirectories(directory.resolve("results"));
        Files.writeString(files.resolve("runs.csv"), Csv.runs(results.runs()));
        Files.writeString(files.resolve("fail-over.csv"), Csv.outages(results.outages()));
        Files.writeString(files.resolve("cold-start.csv"), Csv.coldStarts(results.coldStarts()));
        draw();
        for (Map.Entry<String, String> plot : plots.entrySet()) {
            Files.writeString(files.resolve(plot.getKey()), plot.getValue());
        }
        Files.writeString(directory.resolve("RESULTS.md"), markdown());
    }

    String markdown() {
        StringBuilder text = new StringBuilder("# What was measured\n\n");
        text.append(
                "Written by this command; single runs are in `results/*.csv`, what the columns mean in `README.md`.\n\n");
        text.append("```\n").append(command).append("\n```\n\n");
        machine.forEach(line -> text.append("- ").append(line).append('\n'));
        versions.forEach(line -> text.append("- ").append(line).append('\n'));
        if (!results.notes().isEmpty()) {
            text.append("\n## To know first\n\n");
            results.notes().forEach(note -> text.append("- ").append(note).append('\n'));
        }
        section(text, "Targets", Targets.table(results));
        for (String workload : workloads()) {
            section(text, "Workload: " + workload, workload(workload));
        }
        section(text, "Open loop: operations at a fixed rate, timed from when each was due", openLoop());
        section(text, "Fail-over: the gap that clients see, in milliseconds", failOver());
        section(text, "Cold start: new cluster to first acknowledged write, in seconds", coldStart());
        plots.keySet()
                .forEach(name -> text.append("\n![")
                        .append(name)
                        .append("](results/")
                        .append(name)
                        .append(")\n"));
        return text.toString();
    }

    private static void section(StringBuilder text, String title, Markdown table) {
        if (!table.isEmpty()) {
            text.append("\n## ").append(title).append("\n\n").append(table);
        }
    }

    private List<String> workloads() {
        return results.runs().stream()
                .filter(run -> run.offeredPerSecond() == 0)
                .map(Run::workload)
                .distinct()
                .toList();
    }

    private Markdown workload(String workload) {
        Markdown table = Markdown.table(
                "system",
                "clients",
                "nodes",
                "keys",
                "value B",
                "ops/s",
                "conflicts/s",
                "failed",
                "p50 ms",
                "p99 ms",
                "p99.9 ms",
                "raw p99 ms",
                "server CPU s/10k",
                "generator CPU s/10k",
                "resident MiB",
                "disk B/op");
        results.cases().forEach((of, rounds) -> {
            if (of.workload().equals(workload) && of.offeredPerSecond() == 0) {
                table.row(
                        of.system(),
                        Integer.toString(of.clients()),
                        Integer.toString(of.nodes()),
                        Long.toString(of.keys()),
                        Integer.toString(of.valueBytes()),
                        spread(rounds, run -> run.result().donePerSecond()),
                        median(
                                rounds,
                                run -> run.result().conflicts() / run.result().seconds()),
                        median(rounds, run -> run.result().failed()),
                        median(rounds, run -> run.result().latencies().p50()),
                        spread(rounds, run -> run.result().latencies().p99()),
                        median(rounds, run -> run.result().latencies().p999()),
                        median(rounds, run -> run.result().latencies().rawP99()),
                        median(rounds, Run::serverCpuPer10k),
                        median(rounds, Run::generatorCpuPer10k),
                        median(rounds, run -> run.servers().residentBytes() / MIB),
                        median(rounds, Run::writtenBytesPerOperation));
            }
        });
        return table;
    }

    private Markdown openLoop() {
        Markdown table = Markdown.table(
                "system", "workload", "offered/s", "reached/s", "failed", "p50 ms", "p99 ms", "p99.9 ms", "max ms");
        results.cases().forEach((of, rounds) -> {
            if (of.offeredPerSecond() > 0) {
                table.row(
                        of.system(),
                        of.workload(),
                        Markdown.number(of.offeredPerSecond()),
                        spread(rounds, run -> run.result().donePerSecond()),
                        median(rounds, run -> run.result().failed()),
                        median(rounds, run -> run.result().latencies().p50()),
                        spread(rounds, run -> run.result().latencies().p99()),
                        median(rounds, run -> run.result().latencies().p999()),
                        median(rounds, run -> run.result().latencies().max()));
            }
        });
        return table;
    }

    private Markdown failOver() {
        record Case(String system, String setting, String fault) {}
        Map<Case, List<Outage>> cases = new LinkedHashMap<>();
        for (Outage outage : results.outages()) {
            cases.computeIfAbsent(
                            new Case(outage.system(), outage.setting(), outage.fault()),
                            key -> new java.util.ArrayList<>())
                    .add(outage);
        }
        Markdown table = Markdown.table(
                "system", "timeouts", "fault", "times", "median", "least", "worst", "slowest client, median");
        cases.forEach((of, outages) -> {
            Spread gap = Spread.of(outages.stream().map(Outage::gapMillis).toList());
            Spread slowest =
                    Spread.of(outages.stream().map(Outage::slowestClientMillis).toList());
            table.row(
                    of.system(),
                    of.setting(),
                    of.fault(),
                    Integer.toString(outages.size()),
                    Markdown.number(gap.median()),
                    Markdown.number(gap.least()),
                    Markdown.number(gap.greatest()),
                    Markdown.number(slowest.median()));
        });
        return table;
    }

    private Markdown coldStart() {
        Markdown table = Markdown.table("servers", "nodes", "times", "median (least–greatest)");
        results.coldStarts().stream()
                .map(start -> new ColdStart(start.servers(), start.nodes(), 0))
                .distinct()
                .forEach(of -> {
                    List<Double> seconds = results.coldStarts().stream()
                            .filter(start -> start.servers().equals(of.servers()) && start.nodes() == of.nodes())
                            .map(ColdStart::seconds)
                            .toList();
                    table.row(
                            of.servers(),
                            Integer.toString(of.nodes()),
                            Integer.toString(seconds.size()),
                            Markdown.spread(Spread.of(seconds)));
                });
        return table;
    }

    private void draw() {
        plots.clear();
        Plot rate = new Plot("Puts a second", "clients, one operation in flight each", "puts/s");
        Plot tail = new Plot("Puts: 99th percentile", "clients, one operation in flight each", "p99 in ms, corrected");
        Plot cpu = new Plot("CPU of all servers", "clients, one operation in flight each", "CPU s per 10,000 puts");
        Plot growth = new Plot("Puts a second as the number of keys grows", "keys", "puts/s");
        int mostClients = results.runs().stream().mapToInt(Run::clients).max().orElse(0);
        results.cases().forEach((of, rounds) -> {
            if (of.workload().equals("put") && of.offeredPerSecond() == 0) {
                String name = of.nodes() == 3 ? of.system() : of.system() + ", " + of.nodes() + " nodes";
                if (of.keys() == mostUsualKeys()) {
                    rate.add(
                            name,
                            of.clients(),
                            Results.spread(rounds, run -> run.result().donePerSecond()));
                    tail.add(
                            name,
                            of.clients(),
                            Results.spread(
                                    rounds, run -> run.result().latencies().p99()));
                    cpu.add(name, of.clients(), Results.spread(rounds, Run::serverCpuPer10k));
                }
                if (of.clients() == mostClients) {
                    growth.add(
                            name,
                            (double) of.keys(),
                            Results.spread(rounds, run -> run.result().donePerSecond()));
                }
            }
        });
        put("puts.svg", rate);
        put("puts-p99.svg", tail);
        put("puts-cpu.svg", cpu);
        put("growth.svg", growth);
    }

    private long mostUsualKeys() {
        return results.runs().isEmpty() ? 0 : results.runs().get(0).keys();
    }

    private void put(String file, Plot plot) {
        if (plot.isWorthDrawing()) {
            plots.put(file, plot.svg());
        }
    }

    private static String spread(List<Run> rounds, ToDoubleFunction<Run> number) {
        return Markdown.spread(Results.spread(rounds, number));
    }

    private static String median(List<Run> rounds, ToDoubleFunction<Run> number) {
        return Markdown.number(Results.spread(rounds, number).median());
    }
}

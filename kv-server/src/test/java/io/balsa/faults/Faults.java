package io.balsa.faults;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The command {@code kv-server/faults}: runs the scenarios on one cluster of the executable jar, then each of them once
 * against its planted bug, and prints what was seen. Exits with 1 when something was lost or wrong, or a bug got away.
 */
public final class Faults {
    private static final Path JAR = Path.of("target/kv-server.jar");
    private static final Path LOGS = Path.of("target/process-logs");
    private static final int ROUNDS = 10;
    private static final int ROUNDS_SHORT = 2;

    private final Path work;
    private final List<Cluster> opened = Collections.synchronizedList(new ArrayList<>());
    private final Map<String, Integer> seen = new TreeMap<>();
    private final Map<String, List<Double>> gapsMillis = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();
    private long acknowledged;
    private long reads;
    private long lost;
    private long wrong;
    private int caught;

    private record Options(@Nullable String only, int rounds, boolean list, Path work) {}

    private Faults(Path work) {
        this.work = work;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Options options = parse(args);
        if (options.list()) {
            for (Scenario scenario : Scenario.all()) {
                System.out.printf(
                        "%-14s %s%n%14s control: %s%n",
                        scenario.name(),
                        scenario.story(),
                        "",
                        scenario.control().bug());
            }
            return;
        }
        Faults faults = new Faults(options.work());
        Thread undo = new Thread(faults::closeAll, "undo");
        Runtime.getRuntime().addShutdownHook(undo);
        int failed = faults.run(options);
        Runtime.getRuntime().removeShutdownHook(undo);
        faults.closeAll();
        System.exit(failed == 0 ? 0 : 1);
    }

    private static Options parse(String[] args) {
        String only = null;
        int rounds = ROUNDS;
        boolean list = false;
        Path work = null;
        try {
            for (int i = 0; i < args.length; i++) {
                switch (args[i]) {
                    case "--list" -> list = true;
                    case "--short" -> rounds = ROUNDS_SHORT;
                    case "--only" -> only = args[++i];
                    case "--rounds" -> rounds = Integer.parseInt(args[++i]);
                    case "--work" -> work = Path.of(args[++i]);
                    default -> throw new IllegalArgumentException("there is no option " + args[i]);
                }
            }
            String name = only;
            if (name != null
                    && Scenario.all().stream().noneMatch(each -> each.name().equals(name))) {
                throw new IllegalArgumentException("there is no scenario " + name + "; see --list");
            }
            if (rounds < 1) {
                throw new IllegalArgumentException("--rounds is at least 1");
            }
            return new Options(only, rounds, list, work == null ? Files.createTempDirectory("balsa-faults") : work);
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException | IOException wrong) {
            System.err.println("faults: " + wrong.getMessage()
                    + "\nusage: kv-server/faults [--list] [--only NAME] [--rounds N] [--short]");
            System.exit(2);
            throw new AssertionError(wrong);
        }
    }

    private int run(Options options) throws InterruptedException {
        List<Scenario> scenarios = new ArrayList<>();
        for (Scenario scenario : Scenario.all()) {
            List<String> missing =
                    scenario.tools().stream().filter(tool -> !Shell.has(tool)).toList();
            if (options.only() != null && !options.only().equals(scenario.name())) {
                continue;
            }
            if (!missing.isEmpty()) {
                say("SKIPPED: %s, for want of %s", scenario.name(), String.join(", ", missing));
                continue;
            }
            scenarios.add(scenario);
        }
        runOnOneCluster(scenarios, options.rounds());
        for (Scenario scenario : scenarios) {
            control(scenario);
        }
        summarize(scenarios.size());
        return failures.size();
    }

    /** One after the other; on a new cluster after a failure. */
    private void runOnOneCluster(List<Scenario> scenarios, int rounds) throws InterruptedException {
        Cluster cluster = null;
        for (Scenario scenario : scenarios) {
            long start = System.nanoTime();
            List<String> violations = new ArrayList<>();
            try {
                if (cluster == null) {
                    cluster = start("faults", null);
                }
                try (Trial trial = new Trial(cluster, false)) {
                    for (int round = 0; round < rounds; round++) {
                        scenario.round(trial, round);
                    }
                    trial.verify();
                    note(scenario, trial);
                }
            } catch (IOException | AssertionError failure) {
                violations.add(String.valueOf(failure.getMessage()));
            }
            if (cluster != null) {
                violations.addAll(cluster.history().violations());
            }
            say(
                    "%s %s: %d rounds, %.0f s",
                    violations.isEmpty() ? "ok    " : "FAILED",
                    scenario.name(),
                    rounds,
                    (System.nanoTime() - start) / 1e9);
            violations.forEach(violation -> failures.add(scenario.name() + ": " + violation));
            violations.forEach(violation -> say("       %s", violation));
            if (!violations.isEmpty()) {
                end(cluster);
                cluster = null;
            }
        }
        end(cluster);
    }

    private void note(Scenario scenario, Trial trial) {
        trial.seen().forEach((what, count) -> seen.merge(what, count, Integer::sum));
        trial.seen().forEach((what, count) -> say("       %s: %d", what, count));
        if (!trial.gapsMillis().isEmpty()) {
            gapsMillis.put(scenario.name(), trial.gapsMillis());
        }
    }

    /** Adds up what the cluster's history says, and takes the cluster away. */
    private void end(@Nullable Cluster cluster) {
        if (cluster != null) {
            acknowledged += cluster.history().acknowledged();
            reads += cluster.history().reads();
            lost += cluster.history().lost();
            wrong += cluster.history().wrong();
        }
        closeAll();
    }

    private void control(Scenario scenario) throws InterruptedException {
        long start = System.nanoTime();
        List<String> violations = new ArrayList<>();
        Map<String, Integer> seenHere = Map.of();
        Plant plant = scenario.control();
        try {
            Cluster cluster = start("control-" + scenario.name(), plant);
            try (Trial trial = new Trial(cluster, true)) {
                seenHere = trial.seen();
                scenario.round(trial, 0);
                trial.verify();
            } catch (IOException | AssertionError failure) {
                violations.add(String.valueOf(failure.getMessage()));
            }
            violations.addAll(cluster.history().violations());
        } catch (IOException | AssertionError failure) {
            violations.add(String.valueOf(failure.getMessage()));
        }
        closeAll();
        List<String> expected = violations.stream()
                .filter(violation -> violation.contains(scenario.controlSays()))
                .toList();
        say(
                "%s control of %s (%s), %.0f s: %s",
                expected.isEmpty() ? "FAILED" : "caught",
                scenario.name(),
                plant.bug(),
                (System.nanoTime() - start) / 1e9,
                expected.isEmpty() ? "not seen, but " + seenHere + " and " + violations : expected.get(0));
        if (expected.isEmpty()) {
            failures.add(scenario.name() + ": its control found nothing: " + plant.bug());
        } else {
            caught++;
        }
    }

    private Cluster start(String name, @Nullable Plant plant) throws IOException, InterruptedException {
        List<String> java = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        if (plant == null) {
            java.addAll(List.of("-jar", JAR.toString()));
        } else {
            Path classes = Files.createDirectories(work.resolve(plant.name()));
            plant.compile(JAR.toString(), classes);
            java.addAll(List.of(
                    "--add-opens=java.base/java.nio=ALL-UNNAMED",
                    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                    "-cp",
                    classes + File.pathSeparator + JAR,
                    "io.balsa.Main"));
        }
        return Cluster.start(work, LOGS.resolve(name), java, opened);
    }

    private void closeAll() {
        for (Cluster cluster : List.copyOf(opened)) {
            try {
                cluster.close();
                opened.remove(cluster);
            } catch (IOException | AssertionError failure) {
                System.err.println("faults: " + failure.getMessage());
            }
        }
    }

    private void summarize(int scenarios) {
        say("");
        seen.forEach((what, count) -> say("%5d  %s", count, what));
        gapsMillis.forEach((name, gaps) -> {
            List<Double> sorted = gaps.stream().sorted().toList();
            int size = sorted.size();
            say(
                    "%s: from the fault to the next acknowledged write: median %.0f ms, worst %.0f ms of %d",
                    name, (sorted.get(size / 2) + sorted.get((size - 1) / 2)) / 2, sorted.get(size - 1), size);
        });
        say("acknowledged writes checked: %d, lost: %d; reads judged: %d, wrong: %d", acknowledged, lost, reads, wrong);
        say("controls caught: %d of %d", caught, scenarios);
        failures.forEach(failure -> say("FAILED %s", failure));
    }

    private static void say(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}

package io.balsa.benchmarks;

import io.balsa.benchmarks.cluster.Cluster;
import io.balsa.benchmarks.cluster.Tuning;
import io.balsa.benchmarks.driver.DriverKind.Route;
import io.balsa.benchmarks.load.Acks;
import io.balsa.benchmarks.load.ClosedLoop;
import io.balsa.benchmarks.load.Driver;
import io.balsa.benchmarks.load.Load;
import io.balsa.benchmarks.load.LoadGenerator;
import io.balsa.benchmarks.load.LoadResult;
import io.balsa.benchmarks.load.OpenLoop;
import io.balsa.benchmarks.load.Preload;
import io.balsa.benchmarks.load.Values;
import io.balsa.benchmarks.load.Workload;
import io.balsa.benchmarks.report.ColdStart;
import io.balsa.benchmarks.report.Results;
import io.balsa.benchmarks.report.Run;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The loads on all systems, one system at a time, each on a fresh cluster, round after round. The order turns from round
 * to round, so that what the machine does meanwhile does not always meet the same system.
 */
final class Rounds {
    private static final long PRELOAD_SECONDS_MAX = 1_800;
    private static final int PRELOAD_CLIENTS = 256;

    private final Settings settings;
    private final Results results;
    private final PrintStream out;

    Rounds(Settings settings, Results results, PrintStream out) {
        this.settings = settings;
        this.results = results;
        this.out = out;
    }

    /** @param afterEach runs when a system's round is over, to save what there is */
    void run(Step afterEach) throws IOException, InterruptedException {
        List<MeasuredSystem> systems = settings.systems();
        for (int round = 1; round <= settings.rounds(); round++) {
            for (int nodes : settings.nodes()) {
                for (int i = 0; i < systems.size(); i++) {
                    if (settings.outOfTime()) {
                        results.note("out of time in round " + round + ": rounds are incomplete");
                        return;
                    }
                    MeasuredSystem system = systems.get((i + round - 1) % systems.size());
                    try {
                        measure(system, round, nodes);
                    } catch (IOException e) {
                        failed(system, round, e);
                    }
                    afterEach.run();
                }
            }
        }
    }

    /**
     * All clusters at once, and each load on one after the other, round after round: what is compared lies seconds apart, so that a
     * machine that becomes slower meanwhile does so for all. The others are idle, but there.
     */
    void runTogether(Step afterEach) throws IOException, InterruptedException {
        for (int nodes : settings.nodes()) {
            List<Started> started = new ArrayList<>();
            try {
                for (MeasuredSystem system : settings.systems()) {
                    started.add(new Started(system, start(system, nodes)));
                }
                inTurns(started);
            } catch (IOException e) {
                results.note("all at once failed: " + firstLine(e));
                out.println("FAILED: all at once: " + e.getMessage());
            } finally {
                for (Started each : started) {
                    each.cluster.close();
                }
            }
            afterEach.run();
        }
    }

    private record Started(MeasuredSystem system, Cluster cluster) {}

    private void inTurns(List<Started> started) throws IOException, InterruptedException {
        Set<Started> settled = new HashSet<>();
        for (Workload workload : settings.workloads()) {
            for (int clients : settings.clientsFor(workload)) {
                for (int round = 1; round <= settings.rounds(); round++) {
                    if (settings.outOfTime()) {
                        results.note("out of time in round " + round + " of " + workload.name() + " with " + clients
                                + " clients: loads are incomplete");
                        return;
                    }
                    for (int i = 0; i < started.size(); i++) {
                        Started next = started.get((i + round - 1) % started.size());
                        Duration settle = settled.contains(next) ? Duration.ZERO : settings.settle();
                        if (one(next.system, next.cluster, round, workload, clients, settings.keys(), 0, settle)) {
                            settled.add(next);
                        }
                    }
                }
            }
        }
    }

    /** Something that may fail as files do. */
    interface Step {
        void run() throws IOException;
    }

    private void failed(MeasuredSystem system, int round, IOException e) {
        results.note(system.name() + " failed in round " + round + ": " + firstLine(e));
        out.println("FAILED: " + system.name() + ": " + e.getMessage());
    }

    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /** With the keys of the loads in it. */
    private Cluster start(MeasuredSystem system, int nodes) throws IOException, InterruptedException {
        Cluster cluster = Cluster.start(system.servers(), nodes, Tuning.DEFAULT, settings.work());
        try {
            preload(system, cluster, 0, settings.keys());
            return cluster;
        } catch (IOException | RuntimeException | InterruptedException e) {
            cluster.close();
            throw e;
        }
    }

    private void measure(MeasuredSystem system, int round, int nodes) throws IOException, InterruptedException {
        out.printf(Locale.ROOT, "round %d: %s, %d nodes%n", round, system.name(), nodes);
        try (Cluster cluster = start(system, nodes)) {
            double coldStart = cluster.coldStart().toNanos() / 1e9;
            out.printf(Locale.ROOT, "  cold start %.2f s%n", coldStart);
            results.add(new ColdStart(system.servers().name(), nodes, coldStart));
            Duration settle = settings.settle();
            for (Workload workload : settings.workloads()) {
                for (int clients : settings.clientsFor(workload)) {
                    boolean ran = one(system, cluster, round, workload, clients, settings.keys(), 0, settle);
                    settle = ran ? Duration.ZERO : settle;
                }
                for (double rate : settings.rates()) {
                    int clients = settings.mostClients();
                    boolean ran = one(system, cluster, round, workload, clients, settings.keys(), rate, settle);
                    settle = ran ? Duration.ZERO : settle;
                }
            }
        }
    }

    /** Writes the keys that are not there yet. */
    void preload(MeasuredSystem system, Cluster cluster, long from, long end) throws IOException, InterruptedException {
        Route route = Route.toLeader(cluster.addresses(), cluster.awaitLeader());
        try (Driver driver = system.driver().open(route, PRELOAD_CLIENTS, new Values(settings.valueBytes()))) {
            Preload.run(driver, PRELOAD_CLIENTS, from, end, PRELOAD_SECONDS_MAX);
        }
    }

    /**
     * One load on a running cluster; its result is printed and kept. Skips what the system cannot do; whether it ran.
     *
     * @param settle on top of the warm-up
     */
    boolean one(
            MeasuredSystem system,
            Cluster cluster,
            int round,
            Workload workload,
            int clients,
            long keys,
            double rate,
            Duration settle)
            throws IOException, InterruptedException {
        if (settings.outOfTime()) {
            return false;
        }
        Duration warmUp = settings.warmUp().plus(settle);
        Load load = new Load(workload, clients, keys, warmUp, settings.measured(), Settings.OPERATION_TIMEOUT);
        int valueBytes = workload.valueBytesOr(settings.valueBytes());
        Probe probe = new Probe(cluster);
        LoadResult result;
        if (system.tool() != null) {
            if (!workload.name().equals("put") || rate > 0) {
                return false;
            }
            ForeignTool tool = new ForeignTool(
                    system.tool(),
                    system.servers().name(),
                    cluster.addresses().get(cluster.awaitLeader()),
                    load,
                    valueBytes,
                    cluster.directory());
            result = tool.run(probe);
        } else {
            Route route = workload.servedByAny()
                    ? Route.toAll(cluster.addresses())
                    : Route.toLeader(cluster.addresses(), cluster.awaitLeader());
            try (Driver driver = system.driver().open(route, clients, new Values(valueBytes))) {
                if (!workload.kinds().stream().allMatch(driver::supports)) {
                    results.note(system.name() + " has nothing like the workload " + workload.name());
                    return false;
                }
                LoadGenerator generator =
                        rate > 0 ? new OpenLoop(driver, load, rate) : new ClosedLoop(driver, load, Acks.IGNORED);
                result = generator.run(probe);
            }
        }
        Run run = new Run(
                system.name(),
                round,
                workload.name(),
                clients,
                cluster.addresses().size(),
                keys,
                valueBytes,
                rate,
                result,
                probe.servers(),
                probe.generator());
        results.add(run);
        print(run);
        return true;
    }

    private void print(Run run) {
        LoadResult result = run.result();
        out.printf(
                Locale.ROOT,
                "  %-10s %4d clients%s %,9.0f ops/s  p50 %.2f  p99 %.2f (raw %.2f)  p99.9 %.1f ms"
                        + "  cpu %.2f s/10k  generator %.2f s/10k  %.0f MiB  %,.0f B/op%s%s%n",
                run.workload(),
                run.clients(),
                run.offeredPerSecond() > 0 ? String.format(Locale.ROOT, " @%.0f/s", run.offeredPerSecond()) : "",
                result.donePerSecond(),
                result.latencies().p50(),
                result.latencies().p99(),
                result.latencies().rawP99(),
                result.latencies().p999(),
                run.serverCpuPer10k(),
                run.generatorCpuPer10k(),
                run.servers().residentBytes() / 1024.0 / 1024.0,
                run.writtenBytesPerOperation(),
                result.conflicts() > 0 ? "  conflicts " + result.conflicts() : "",
                result.failures().isEmpty() ? "" : "  FAILURES " + result.failures());
    }
}

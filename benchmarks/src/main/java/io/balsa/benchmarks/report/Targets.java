package io.balsa.benchmarks.report;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * What was asked for, held against what was measured: medians of one comparison, side by side. What was not measured in
 * this run is shown as such, never guessed.
 */
final class Targets {
    private static final int MANY = 256;
    private static final List<String> PEERS = List.of("etcd", "zookeeper");
    private static final double MIB = 1024 * 1024;

    private final Results results;
    private final Markdown table =
            Markdown.table("measured side by side", "Balsa", "peers", "target", "reached", "met");

    private Targets(Results results) {
        this.results = results;
    }

    static Markdown table(Results results) {
        Targets targets = new Targets(results);
        targets.throughput();
        targets.cost();
        targets.failOver();
        targets.start();
        return targets.table;
    }

    private void throughput() {
        ToDoubleFunction<Run> rate = run -> run.result().donePerSecond();
        atLeast("puts/s, 256 clients, Java clients", of("balsa", "put", MANY, rate), best("put", MANY, rate), 6);
        double gateway = of("etcd-wrk", "put", MANY, rate);
        double gatewayPipelined = of("etcd-pipelined", "put", MANY, rate);
        double grpc = of("etcd-h2load", "put", MANY, rate);
        double apart = of("balsa-wrk", "put", MANY, rate);
        double pipelined = of("balsa-pipelined", "put", MANY, rate);
        atLeast("puts/s, 256 connections, wrk: etcd's gateway", apart, gateway, 6);
        atLeast("the same: etcd's gRPC, 16 connections of 16", apart, grpc, 4);
        atLeast("puts/s, 16 connections of 16, wrk: etcd's gateway", pipelined, gatewayPipelined, 6);
        atLeast("the same: etcd's gateway, 256 connections", pipelined, gateway, 6);
        atLeast("the same: etcd's gRPC, 16 connections of 16", pipelined, grpc, 4);
        atLeast("puts/s, 1 client", of("balsa", "put", 1, rate), best("put", 1, rate), 1.3);
        limit(
                "p50 of puts, 1 client, ms",
                of("balsa", "put", 1, run -> run.result().latencies().rawP50()),
                1);
        atLeast("puts/s, 16 clients", of("balsa", "put", 16, rate), best("put", 16, rate), 3);
        atLeast("puts/s, 64 clients", of("balsa", "put", 64, rate), best("put", 64, rate), 3.5);
        ToDoubleFunction<Run> p99 = run -> run.result().latencies().rawP99();
        double quickest = PEERS.stream()
                .mapToDouble(peer -> of(peer, "put", MANY, p99))
                .filter(number -> !Double.isNaN(number))
                .min()
                .orElse(Double.NaN);
        atMost("p99 of puts, 256 clients, ms", of("balsa", "put", MANY, p99), quickest, 0.2);
        atLeast("linearizable gets/s, 256", of("balsa", "get", MANY, rate), of("etcd", "get", MANY, rate), 6);
        atLeast("stale gets/s, 256", of("balsa", "stale-get", MANY, rate), of("zookeeper", "stale-get", MANY, rate), 3);
    }

    private void cost() {
        ToDoubleFunction<Run> cpu = Run::serverCpuPer10k;
        atMost("server CPU s per 10,000 puts, 256", of("balsa", "put", MANY, cpu), of("etcd", "put", MANY, cpu), 0.25);
        ToDoubleFunction<Run> memory = run -> run.servers().residentBytes() / MIB;
        double resident = of("balsa", "put", MANY, memory);
        atMost("resident MiB, three nodes: ZooKeeper", resident, of("zookeeper", "put", MANY, memory), 0.5);
        atMost("resident MiB, three nodes: etcd", resident, of("etcd", "put", MANY, memory), 1.2);
        ToDoubleFunction<Run> written = Run::writtenBytesPerOperation;
        atMost("bytes to disk per put, 256", of("balsa", "put", MANY, written), of("etcd", "put", MANY, written), 1);
    }

    private void failOver() {
        for (String setting : List.of("default", "tight")) {
            limit(
                    "gap after kill -9, median ms, " + setting,
                    gaps("kill", setting).median(),
                    100);
            limit(
                    "gap after kill -9, worst ms, " + setting,
                    gaps("kill", setting).greatest(),
                    500);
            limit(
                    "gap after SIGSTOP, median ms, " + setting,
                    gaps("stop", setting).median(),
                    300);
        }
    }

    private Spread gaps(String fault, String setting) {
        return Spread.of(results.outages().stream()
                .filter(outage -> outage.system().equals("balsa")
                        && outage.setting().equals(setting)
                        && outage.fault().equals(fault))
                .map(Outage::gapMillis)
                .toList());
    }

    private void start() {
        atMost("cold start of three nodes, s", coldStart("balsa"), coldStart("zookeeper"), 1);
        limit("the same", coldStart("balsa"), 2.5);
    }

    private double coldStart(String servers) {
        return Spread.of(results.coldStarts().stream()
                        .filter(start -> start.servers().equals(servers) && start.nodes() == 3)
                        .map(ColdStart::seconds)
                        .toList())
                .median();
    }

    private double best(String workload, int clients, ToDoubleFunction<Run> number) {
        return PEERS.stream()
                .mapToDouble(peer -> of(peer, workload, clients, number))
                .filter(measured -> !Double.isNaN(measured))
                .max()
                .orElse(Double.NaN);
    }

    /** The median over the rounds on three nodes, closed loop; NaN when it was not measured. */
    private double of(String system, String workload, int clients, ToDoubleFunction<Run> number) {
        Collection<Double> numbers = results.runs().stream()
                .filter(run -> run.system().equals(system)
                        && run.workload().equals(workload)
                        && run.clients() == clients
                        && run.nodes() == 3
                        && run.offeredPerSecond() == 0)
                .map(number::applyAsDouble)
                .toList();
        return Spread.of(numbers).median();
    }

    private void atLeast(String what, double own, double peers, double times) {
        row(what, own, peers, "≥ " + times(times), own / peers, own >= times * peers);
    }

    private void atMost(String what, double own, double peers, double times) {
        row(what, own, peers, "≤ " + times(times), own / peers, own <= times * peers);
    }

    private void limit(String what, double own, double most) {
        table.row(
                what,
                Markdown.number(own),
                "",
                "≤ " + Markdown.number(most),
                "",
                verdict(Double.isNaN(own), own <= most));
    }

    private void row(String what, double own, double peers, String target, double ratio, boolean met) {
        table.row(
                what,
                Markdown.number(own),
                Markdown.number(peers),
                target,
                Double.isNaN(ratio) ? "–" : times(ratio),
                verdict(Double.isNaN(ratio), met));
    }

    private static String times(double factor) {
        return String.format(Locale.ROOT, "%.2f×", factor);
    }

    private static String verdict(boolean unknown, boolean met) {
        return unknown ? "not measured" : met ? "yes" : "no";
    }
}

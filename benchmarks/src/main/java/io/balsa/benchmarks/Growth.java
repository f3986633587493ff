package io.balsa.benchmarks;

import io.balsa.benchmarks.cluster.Cluster;
import io.balsa.benchmarks.cluster.Tuning;
import io.balsa.benchmarks.load.Workload;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Fills one cluster step by step and puts the same loads on it at each size. */
final class Growth {
    private static final List<Workload> WORKLOADS = List.of(Workload.named("put"), Workload.named("get"));

    private final Settings settings;
    private final Rounds rounds;
    private final PrintStream out;

    Growth(Settings settings, Rounds rounds, PrintStream out) {
        this.settings = settings;
        this.rounds = rounds;
        this.out = out;
    }

    /** @param sizes numbers of keys, ascending */
    void run(MeasuredSystem system, List<Long> sizes) throws IOException, InterruptedException {
        try (Cluster cluster = Cluster.start(system.servers(), 3, Tuning.DEFAULT, settings.work())) {
            long held = 0;
            Duration settle = settings.settle();
            for (long size : sizes) {
                if (settings.outOfTime()) {
                    return;
                }
                out.printf(Locale.ROOT, "growth: %s, %,d keys%n", system.name(), size);
                rounds.preload(system, cluster, held, size);
                held = size;
                for (Workload workload : WORKLOADS) {
                    int clients = settings.mostClients();
                    boolean ran = rounds.one(system, cluster, 1, workload, clients, size, 0, settle);
                    settle = ran ? Duration.ZERO : settle;
                }
            }
        }
    }
}

package io.balsa.benchmarks;

import io.balsa.benchmarks.load.Workload;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What one comparison is to do, read from the command line.
 *
 * @param rates of open loops with the greatest number of clients; none: no open loop
 * @param everyCount whether workloads other than {@code put} too run with every number of clients, not the greatest only
 * @param settle before the first load of a cluster, on top of its warm-up: what runs on a JVM is compiled meanwhile
 * @param work where clusters keep their data: on the disk that is to be measured
 * @param deadlineNanos {@link System#nanoTime} after which nothing new is begun
 */
record Settings(
        List<MeasuredSystem> systems,
        List<Workload> workloads,
        List<Integer> clients,
        List<Double> rates,
        boolean everyCount,
        int valueBytes,
        long keys,
        List<Integer> nodes,
        Duration settle,
        Duration warmUp,
        Duration measured,
        int rounds,
        Path work,
        long deadlineNanos) {
    /** An operation that takes longer than this has failed. */
    static final Duration OPERATION_TIMEOUT = Duration.ofSeconds(10);

    int mostClients() {
        return clients.stream().mapToInt(Integer::intValue).max().orElseThrow();
    }

    List<Integer> clientsFor(Workload workload) {
        return workload.name().equals("put") || everyCount ? clients : List.of(mostClients());
    }

    boolean outOfTime() {
        return System.nanoTime() - deadlineNanos > 0;
    }
}

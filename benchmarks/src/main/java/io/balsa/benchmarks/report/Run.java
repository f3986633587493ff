package io.balsa.benchmarks.report;

import io.balsa.benchmarks.cluster.Usage;
import io.balsa.benchmarks.load.LoadResult;

/**
 * One measured run.
 *
 * @param round from 1
 * @param keys how many keys the system held
 * @param offeredPerSecond the rate of an open loop; 0: a closed loop
 * @param servers what all servers together used meanwhile
 * @param generator what the load generator used meanwhile
 */
public record Run(
        String system,
        int round,
        String workload,
        int clients,
        int nodes,
        long keys,
        int valueBytes,
        double offeredPerSecond,
        LoadResult result,
        Usage servers,
        Usage generator) {
    private static final double OPERATIONS = 10_000;

    /** What was measured, apart from which round it was. */
    public Case of() {
        return new Case(system, workload, clients, nodes, keys, valueBytes, offeredPerSecond);
    }

    /** CPU seconds of all servers for 10,000 answered operations; NaN without any. */
    public double serverCpuPer10k() {
        return per(OPERATIONS, servers.cpuSeconds());
    }

    public double generatorCpuPer10k() {
        return per(OPERATIONS, generator.cpuSeconds());
    }

    /** Bytes that all servers wrote to disk for one answered operation. */
    public double writtenBytesPerOperation() {
        return per(1, (double) servers.writtenBytes());
    }

    private double per(double operations, double amount) {
        return result.answered() == 0 ? Double.NaN : amount / result.answered() * operations;
    }

    /** One thing that is measured once in every round. */
    public record Case(
            String system,
            String workload,
            int clients,
            int nodes,
            long keys,
            int valueBytes,
            double offeredPerSecond) {}
}

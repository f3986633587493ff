package io.balsa.faults;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.balsa.faults.History.Register;
import io.balsa.process.KvHttp.Outcome;
import io.balsa.process.ServerProcess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/** One scenario at work on a cluster: what its rounds share, and what they have seen. */
final class Trial implements AutoCloseable {
    private static final long GAP_NANOS_MAX = 30_000_000_000L;
    private static final long PROBE_NANOS = 20_000_000;

    private final Cluster cluster;
    private final boolean control;
    private final List<Double> gapsMillis = new ArrayList<>();
    private final Map<String, Integer> seen = new TreeMap<>();
    private Load load;

    /** @param control whether the servers have a planted bug */
    Trial(Cluster cluster, boolean control) {
        this.cluster = cluster;
        this.control = control;
        this.load = Load.start(cluster.kv(), cluster.history(), cluster.servers(), SMALL_VALUE_BYTES);
    }

    /** As most values are. */
    static final int SMALL_VALUE_BYTES = 100;

    Cluster cluster() {
        return cluster;
    }

    History history() {
        return cluster.history();
    }

    Load load() {
        return load;
    }

    boolean isControl() {
        return control;
    }

    /** From now on the load writes values of about that size. */
    void load(int valueBytes) throws InterruptedException {
        load.stop();
        load = Load.start(cluster.kv(), cluster.history(), cluster.servers(), valueBytes);
    }

    /** Counts what was seen. */
    void saw(String what) {
        seen.merge(what, 1, Integer::sum);
    }

    /** How often what was seen. */
    Map<String, Integer> seen() {
        return seen;
    }

    List<Double> gapsMillis() {
        return gapsMillis;
    }

    /** A key of one write, which was acknowledged. */
    @CanIgnoreReturnValue
    Register written(List<ServerProcess> servers) throws InterruptedException {
        return written(servers, SMALL_VALUE_BYTES);
    }

    Register written(List<ServerProcess> servers, int valueBytes) throws InterruptedException {
        List<Register> found = new ArrayList<>();
        Cluster.await("a write is acknowledged", () -> {
            Register register = history().begin(valueBytes);
            ServerProcess server = servers.get(ThreadLocalRandom.current().nextInt(servers.size()));
            register.wrote(cluster.kv().put(server.http(), register.key(), register.write()));
            found.add(register);
            return register.floor() == 1;
        });
        return found.get(found.size() - 1);
    }

    /** What breaks something. */
    interface Fault {
        void strike() throws IOException, InterruptedException;
    }

    /**
     * Breaks something, and measures how long it takes until {@code survivors} acknowledge a write that began after it. A
     * write is begun every 20 ms and none is waited for, so what hangs at the broken server holds nothing up.
     */
    void strikeAndMeasure(List<ServerProcess> survivors, Fault fault) throws IOException, InterruptedException {
        AtomicLong acknowledgedAt = new AtomicLong();
        long start = System.nanoTime();
        fault.strike();
        for (int i = 0; acknowledgedAt.get() == 0; i++) {
            if (System.nanoTime() - start > GAP_NANOS_MAX) {
                throw new AssertionError("no write was acknowledged for 30 s after the fault");
            }
            Register register = history().begin(SMALL_VALUE_BYTES);
            String value = register.write();
            var unused = cluster.kv()
                    .putLater(survivors.get(i % survivors.size()).http(), register.key(), value)
                    .thenAccept(outcome -> {
                        register.wrote(outcome);
                        if (outcome == Outcome.APPLIED) {
                            acknowledgedAt.compareAndSet(0, System.nanoTime());
                        }
                    });
            Cluster.comesTrue(PROBE_NANOS, () -> acknowledgedAt.get() != 0);
        }
        gapsMillis.add((acknowledgedAt.get() - start) / 1e6);
    }

    /** Stops the load and holds every server to the history. */
    void verify() throws IOException, InterruptedException {
        load.stop();
        cluster.verify(cluster.servers());
    }

    /** Begins a new load, after {@link #verify}. */
    void goOn() {
        load = Load.start(cluster.kv(), cluster.history(), cluster.servers(), SMALL_VALUE_BYTES);
    }

    @Override
    public void close() {
        load.close();
    }
}

package io.balsa.benchmarks;

import io.balsa.benchmarks.cluster.Cluster;
import io.balsa.benchmarks.cluster.Tuning;
import io.balsa.benchmarks.driver.DriverKind.Route;
import io.balsa.benchmarks.load.ClosedLoop;
import io.balsa.benchmarks.load.Driver;
import io.balsa.benchmarks.load.Load;
import io.balsa.benchmarks.load.Values;
import io.balsa.benchmarks.load.Workload;
import io.balsa.benchmarks.report.Outage;
import io.balsa.benchmarks.report.Results;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/**
 * Breaks leaders under a small load of puts and measures what the clients see: the longest time without an acknowledged
 * write. The clients give an operation up after half a second and try again, through any server.
 */
final class FailOvers {
    /** How a leader is broken. */
    enum Fault {
        /** kill -9: its sockets close at once. */
        KILL,
        /** SIGSTOP: it falls silent, and nobody is told. */
        STOP,
        /** It is asked to hand over, as before a restart. */
        TRANSFER
    }

    private static final int CLIENTS = 12;
    private static final Duration ATTEMPT_TIMEOUT = Duration.ofMillis(500);
    private static final int SESSION_TIMEOUT_MILLIS = 4_000;
    private static final int SESSION_TIMEOUT_TIGHT_MILLIS = 500;
    private static final long STEADY_MILLIS = 1_500;
    private static final long WATCH_MILLIS = 3_000;
    private static final long OUTAGE_MAX_MILLIS = 60_000;
    private static final long POLL_MILLIS = 20;

    private final Settings settings;
    private final Results results;
    private final PrintStream out;

    FailOvers(Settings settings, Results results, PrintStream out) {
        this.settings = settings;
        this.results = results;
        this.out = out;
    }

    /** Breaks the leader {@code times} times. An attempt that never recovers ends the series, and is noted. */
    void run(MeasuredSystem system, Tuning tuning, Fault fault, int times) throws IOException, InterruptedException {
        String setting = tuning.name().toLowerCase(Locale.ROOT);
        String faultName = fault.name().toLowerCase(Locale.ROOT);
        if (fault == Fault.TRANSFER && !system.servers().canTransfer()) {
            results.note("SKIPPED: " + system.name() + " has no command that hands leadership over");
            return;
        }
        out.printf(Locale.ROOT, "fail-over: %s, timeouts %s, %s%n", system.name(), setting, faultName);
        int sessionMillis = tuning == Tuning.TIGHT ? SESSION_TIMEOUT_TIGHT_MILLIS : SESSION_TIMEOUT_MILLIS;
        try (Cluster cluster = Cluster.start(system.servers(), 3, tuning, settings.work())) {
            cluster.awaitLeader();
            Route route = Route.throughFailures(cluster.addresses(), sessionMillis, (int) ATTEMPT_TIMEOUT.toMillis());
            AckTimes acks = new AckTimes(CLIENTS);
            try (Driver driver = system.driver().open(route, CLIENTS, new Values(settings.valueBytes()))) {
                ClosedLoop loop = new ClosedLoop(driver, load(), acks);
                loop.start();
                try {
                    for (int attempt = 1; attempt <= times && !settings.outOfTime(); attempt++) {
                        Outage outage = breakOnce(system, setting, fault, attempt, cluster, acks);
                        results.add(outage);
                        out.printf(
                                Locale.ROOT,
                                "  %2d: %.0f ms (slowest client %.0f ms)%n",
                                attempt,
                                outage.gapMillis(),
                                outage.slowestClientMillis());
                    }
                } finally {
                    loop.stop();
                }
            }
        }
    }

    private Load load() {
        return new Load(
                Workload.named("put"), CLIENTS, settings.keys(), Duration.ZERO, settings.measured(), ATTEMPT_TIMEOUT);
    }

    private static Outage breakOnce(
            MeasuredSystem system, String setting, Fault fault, int attempt, Cluster cluster, AckTimes acks)
            throws IOException, InterruptedException {
        awaitSteady(acks);
        int leader = cluster.awaitLeader();
        acks.clear();
        Thread.sleep(POLL_MILLIS);
        long brokenNanos = System.nanoTime();
        strike(fault, cluster, leader);
        try {
            awaitRecovery(system, acks, brokenNanos);
        } finally {
            heal(fault, cluster, leader);
        }
        Outage outage = new Outage(
                system.name(),
                setting,
                fault.name().toLowerCase(Locale.ROOT),
                attempt,
                acks.longestGapMillis(brokenNanos),
                acks.slowestClientGapMillis(brokenNanos));
        awaitServing(cluster, leader);
        return outage;
    }

    private static void strike(Fault fault, Cluster cluster, int leader) throws IOException, InterruptedException {
        switch (fault) {
            case KILL -> cluster.kill(leader);
            case STOP -> cluster.pause(leader);
            case TRANSFER -> cluster.transfer(leader);
        }
    }

    private static void heal(Fault fault, Cluster cluster, int leader) throws IOException, InterruptedException {
        switch (fault) {
            case KILL -> cluster.restart(leader);
            case STOP -> cluster.resume(leader);
            case TRANSFER -> {}
        }
    }

    /** Until acknowledgements have come for a while without a pause. */
    private static void awaitSteady(AckTimes acks) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        long steadySince = begin;
        while ((System.nanoTime() - steadySince) / 1_000_000 < STEADY_MILLIS) {
            if (acks.millisSinceLast() > ATTEMPT_TIMEOUT.toMillis()) {
                steadySince = System.nanoTime();
            }
            if ((System.nanoTime() - begin) / 1_000_000 > OUTAGE_MAX_MILLIS) {
                throw new IOException("no steady acknowledgements for " + OUTAGE_MAX_MILLIS + " ms");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Until some time has passed since the fault and acknowledgements have come again without a pause. */
    private static void awaitRecovery(MeasuredSystem system, AckTimes acks, long brokenNanos)
            throws IOException, InterruptedException {
        long steadySince = brokenNanos;
        while (true) {
            long now = System.nanoTime();
            if (acks.millisSinceLast() > ATTEMPT_TIMEOUT.toMillis()) {
                steadySince = now;
            }
            long passed = (now - brokenNanos) / 1_000_000;
            if (passed > WATCH_MILLIS && (now - steadySince) / 1_000_000 > STEADY_MILLIS) {
                return;
            }
            if (passed > OUTAGE_MAX_MILLIS) {
                throw new IOException(system.name() + " did not recover in " + OUTAGE_MAX_MILLIS + " ms");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static void awaitServing(Cluster cluster, int member) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        while (!cluster.serves(member)) {
            if ((System.nanoTime() - begin) / 1_000_000 > OUTAGE_MAX_MILLIS) {
                throw new IOException("the healed member did not come back in " + OUTAGE_MAX_MILLIS + " ms");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }
}

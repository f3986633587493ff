package io.balsa.sim;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/** The simulation's command line; {@code kv-server/simulate} calls it. */
public final class Simulate {
    private static final int REPORT_EVERY_SEEDS = 500;

    private final long first;
    private final long count;
    private final int threads;
    private final boolean traced;
    private final AtomicLong next = new AtomicLong();
    private final AtomicLong failedSeed = new AtomicLong(-1);
    private final Map<String, Long> counts = new TreeMap<>();
    private final long startedNanos = System.nanoTime();
    private long done;
    private long virtualMicros;

    private Simulate(long first, long count, int threads, boolean traced) {
        this.first = first;
        this.count = count;
        this.threads = threads;
        this.traced = traced;
    }

    /** {@code --seeds N [--from S] [--trace] [--threads T]}; exits with 1 when a seed failed, with 2 when called wrongly. */
    public static void main(String[] args) throws InterruptedException {
        long first = 1;
        long count = 1;
        int threads = Runtime.getRuntime().availableProcessors();
        boolean traced = false;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--seeds" -> count = Long.parseLong(args[++i]);
                case "--from" -> first = Long.parseLong(args[++i]);
                case "--threads" -> threads = Integer.parseInt(args[++i]);
                case "--trace" -> traced = true;
                default -> {
                    System.err.println(
                            "simulate: '" + args[i] + "'? It takes --seeds N, --from S, --threads T, --trace");
                    System.exit(2);
                }
            }
        }
        System.exit(new Simulate(first, count, threads, traced).run() ? 0 : 1);
    }

    private boolean run() throws InterruptedException {
        next.set(first);
        Thread[] workers = new Thread[(int) Math.min(threads, count)];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Thread(this::work, "seeds-" + i);
            workers[i].start();
        }
        for (Thread worker : workers) {
            worker.join();
        }
        report();
        counts.forEach((what, times) -> System.out.printf("  %,14d  %s%n", times, what));
        return failedSeed.get() < 0;
    }

    private void work() {
        while (failedSeed.get() < 0) {
            long seed = next.getAndIncrement();
            if (seed >= first + count) {
                return;
            }
            try {
                finished(Simulation.run(seed));
            } catch (SimulationFailure failure) {
                if (failedSeed.compareAndSet(-1, seed)) {
                    failed(seed, failure);
                }
            }
        }
    }

    private synchronized void finished(Simulation.Result result) {
        done++;
        virtualMicros += result.virtualMicros();
        result.counts().forEach((what, times) -> counts.merge(what, times, Long::sum));
        if (count <= 3) {
            System.out.printf("seed %d: hash %016x%n", result.seed(), result.hash());
            if (traced) {
                Simulation.trace(result.seed()).forEach(System.out::println);
            }
        } else if (done % REPORT_EVERY_SEEDS == 0) {
            report();
        }
    }

    private synchronized void failed(long seed, SimulationFailure failure) {
        if (traced) {
            Simulation.trace(seed).forEach(System.out::println);
        }
        System.out.println("seed " + seed + " FAILED: " + failure.getMessage());
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        cause.printStackTrace(System.out);
        System.out.println("replay it: kv-server/simulate --seeds 1 --from " + seed + " --trace");
    }

    private synchronized void report() {
        double minutes = (System.nanoTime() - startedNanos) / 60e9;
        System.out.printf(
                "%,d seeds, %.0f seeds a minute, %.2f simulated days a minute%n",
                done, done / minutes, virtualMicros / 86_400e6 / minutes);
    }
}

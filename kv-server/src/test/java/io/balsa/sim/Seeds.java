package io.balsa.sim;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Runs a range of seeds on several threads, up to the first that fails. Each simulation keeps to its own thread. */
final class Seeds {
    /** The lowest seed that was seen to fail. */
    record Failure(long seed, SimulationFailure cause) {}

    private final long end;
    private final int threads;
    private final AtomicLong next;
    private final TreeMap<Long, SimulationFailure> failures = new TreeMap<>();
    private final TreeMap<String, Long> counts = new TreeMap<>();
    private final long startedNanos = System.nanoTime();
    private long done;
    private long virtualMicros;

    Seeds(long first, long count, int threads) {
        this.end = first + count;
        this.threads = threads;
        this.next = new AtomicLong(first);
    }

    /** Null when all of them hold. */
    @Nullable
    Failure run() throws InterruptedException {
        Thread[] workers = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            workers[i] = new Thread(this::work, "seeds-" + i);
            workers[i].start();
        }
        for (Thread worker : workers) {
            worker.join();
        }
        synchronized (this) {
            Map.Entry<Long, SimulationFailure> first = failures.firstEntry();
            return first == null ? null : new Failure(first.getKey(), first.getValue());
        }
    }

    private void work() {
        while (true) {
            long seed = next.getAndIncrement();
            if (seed >= end || failed()) {
                return;
            }
            try {
                finished(Simulation.run(seed));
            } catch (SimulationFailure failure) {
                failed(seed, failure);
            }
        }
    }

    private synchronized boolean failed() {
        return !failures.isEmpty();
    }

    private synchronized void failed(long seed, SimulationFailure failure) {
        failures.put(seed, failure);
    }

    private synchronized void finished(Simulation.Result result) {
        done++;
        virtualMicros += result.virtualMicros();
        result.counts().forEach((what, times) -> counts.merge(what, times, Long::sum));
    }

    synchronized long done() {
        return done;
    }

    /** How often what happened, over all seeds that are done. */
    synchronized Map<String, Long> counts() {
        return new TreeMap<>(counts);
    }

    synchronized String speed() {
        double minutes = (System.nanoTime() - startedNanos) / 60e9;
        return String.format(
                "%,d seeds, %,.0f seeds a minute, %.2f simulated days a minute",
                done, done / minutes, virtualMicros / 86_400e6 / minutes);
    }
}

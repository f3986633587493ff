package io.balsa.benchmarks.load;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Writes each of a range of keys once, as fast as the system takes them. */
public final class Preload {
    private static final int FAILURES_MAX = 10_000;
    private static final long MILLIS_PER_FAILURE = 2;

    private final Driver driver;
    private final int clients;
    private final AtomicLong next;
    private final long end;
    private final AtomicLong failures = new AtomicLong();
    private final CountDownLatch running;
    private volatile String lastFailure = "";

    private Preload(Driver driver, int clients, long from, long end) {
        this.driver = driver;
        this.clients = clients;
        this.next = new AtomicLong(from);
        this.end = end;
        this.running = new CountDownLatch(clients);
    }

    /** Writes keys {@code from} (inclusive) to {@code end} (exclusive). Throws when too much fails, or it takes too long. */
    public static void run(Driver driver, int clients, long from, long end, long secondsMax)
            throws IOException, InterruptedException {
        new Preload(driver, clients, from, end).run(secondsMax);
    }

    private void run(long secondsMax) throws IOException, InterruptedException {
        for (int client = 0; client < clients; client++) {
            more(client);
        }
        if (!running.await(secondsMax, TimeUnit.SECONDS)) {
            next.set(end);
            throw new IOException("loading " + end + " keys took more than " + secondsMax + " s; last failure: "
                    + (lastFailure.isEmpty() ? "none" : lastFailure));
        }
        if (failures.get() >= FAILURES_MAX) {
            throw new IOException("loading keys failed " + failures + " times, last with: " + lastFailure);
        }
    }

    private void more(int client) {
        long key = next.getAndIncrement();
        if (key >= end || failures.get() >= FAILURES_MAX) {
            running.countDown();
        } else {
            put(client, key);
        }
    }

    private void put(int client, long key) {
        driver.start(client, Kind.PUT, key, new Completion() {
            @Override
            public void done() {
                more(client);
            }

            @Override
            public void conflict() {
                more(client);
            }

            @Override
            public void failed(String why) {
                lastFailure = why;
                if (failures.incrementAndGet() >= FAILURES_MAX) {
                    running.countDown();
                } else {
                    Later.run(MILLIS_PER_FAILURE, () -> put(client, key));
                }
            }
        });
    }
}

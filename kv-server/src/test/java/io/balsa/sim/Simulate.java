package io.balsa.sim;

import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The simulation's command line; {@code kv-server/simulate} calls it. */
public final class Simulate {
    private static final int REPORT_SECONDS = 10;

    private long first = 1;
    private long count = 1;
    private int threads = Runtime.getRuntime().availableProcessors();
    private boolean traced;
    private boolean hashesOnly;

    private Simulate() {}

    /**
     * {@code --seeds N [--from S] [--trace] [--threads T]}, or {@code --check-hash} for the pinned hashes alone; exits with
     * 1 when a seed failed or a hash is another one, with 2 when called wrongly.
     */
    public static void main(String[] args) throws InterruptedException {
        Simulate simulate = new Simulate();
        if (!simulate.understands(args)) {
            System.err.println("usage: simulate [--seeds N] [--from S] [--threads T] [--trace] | --check-hash");
            System.exit(2);
        }
        System.exit((simulate.hashesOnly ? checkHashes() : simulate.run()) ? 0 : 1);
    }

    private boolean understands(String... args) {
        try {
            for (int i = 0; i < args.length; i++) {
                switch (args[i]) {
                    case "--seeds" -> count = Long.parseLong(args[++i]);
                    case "--from" -> first = Long.parseLong(args[++i]);
                    case "--threads" -> threads = Integer.parseInt(args[++i]);
                    case "--trace" -> traced = true;
                    case "--check-hash" -> hashesOnly = true;
                    default -> {
                        return false;
                    }
                }
            }
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException wrong) {
            return false;
        }
        return count > 0 && threads > 0;
    }

    private static boolean checkHashes() {
        boolean same = true;
        for (Map.Entry<Long, String> pinned : PinnedHashes.OF_SEEDS.entrySet()) {
            String now = PinnedHashes.now(pinned.getKey());
            boolean equal = now.equals(pinned.getValue());
            System.out.printf(
                    "seed %d: hash %s%s%n", pinned.getKey(), now, equal ? "" : ", but pinned is " + pinned.getValue());
            same &= equal;
        }
        System.out.println("Java " + Runtime.version() + (same ? ": all as pinned" : ": NOT as pinned"));
        return same;
    }

    private boolean run() throws InterruptedException {
        if (traced && count == 1) {
            Simulation.trace(first).forEach(System.out::println);
        }
        Seeds seeds = new Seeds(first, count, (int) Math.min(threads, count));
        CountDownLatch ended = new CountDownLatch(1);
        Thread reporter = new Thread(() -> report(seeds, ended), "report");
        reporter.setDaemon(true);
        reporter.start();
        Seeds.Failure failure = seeds.run();
        ended.countDown();
        reporter.join();
        System.out.println(seeds.speed());
        if (failure != null) {
            failed(failure);
            return false;
        }
        seeds.counts().forEach((what, times) -> System.out.printf("  %,15d  %s%n", times, what));
        if (count == 1) {
            System.out.printf("seed %d: hash %x%n", first, Simulation.run(first).hash());
        }
        return true;
    }

    private static void report(Seeds seeds, CountDownLatch ended) {
        try {
            while (!ended.await(REPORT_SECONDS, TimeUnit.SECONDS)) {
                System.out.println(seeds.speed());
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void failed(Seeds.Failure failure) {
        if (traced && count > 1) {
            Simulation.trace(failure.seed()).forEach(System.out::println);
        }
        System.out.println(
                "seed " + failure.seed() + " FAILED: " + failure.cause().getMessage());
        Throwable cause = failure.cause().getCause() == null
                ? failure.cause()
                : failure.cause().getCause();
        cause.printStackTrace(System.out);
        System.out.println("replay it: kv-server/simulate --seeds 1 --from " + failure.seed() + " --trace");
    }
}

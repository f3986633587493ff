package io.balsa.sim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Runs what is to catch a planted bug. */
final class BugHunt {
    private static final Path SCRIPTS = Path.of("src/test/resources/raft");

    /**
     * How a bug was caught.
     *
     * @param by the property that failed, or the script that went another way
     * @param seed the first one to show it; 0 when no seed was needed
     */
    record Catch(String by, long seed, String message) {}

    private final Bug bug;
    private final Mutant mutant;
    private final int threads;

    BugHunt(Bug bug, int threads) throws IOException {
        this.bug = bug;
        this.mutant = new Mutant(bug);
        this.threads = threads;
    }

    /** Null when it got away. */
    @Nullable
    Catch run() throws IOException, InterruptedException {
        return switch (bug.detector()) {
            case SIMULATION -> simulate("run");
            case HISTORIES -> simulate("runBlind");
            case SCRIPTS -> runScripts();
            case PARTIAL_PARTITIONS -> partition();
        };
    }

    /** One seed after the other, on several threads; the first seed that fails is the answer, whatever the threads' order. */
    private @Nullable Catch simulate(String method) throws InterruptedException {
        AtomicLong next = new AtomicLong(bug.firstSeed());
        NavigableMap<Long, Catch> catches = new TreeMap<>();
        Thread[] hunters = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            hunters[i] = new Thread(() -> hunt(method, next, catches), "bug-hunt-" + i);
            hunters[i].start();
        }
        for (Thread hunter : hunters) {
            hunter.join();
        }
        return catches.isEmpty() ? null : catches.firstEntry().getValue();
    }

    private void hunt(String method, AtomicLong next, NavigableMap<Long, Catch> catches) {
        while (true) {
            long seed = next.getAndIncrement();
            synchronized (catches) {
                if (seed >= bug.firstSeed() + bug.seedsMax() || !catches.isEmpty()) {
                    return;
                }
            }
            try {
                mutant.call("io.balsa.sim.Simulation", method, long.class, seed);
            } catch (AssertionError failure) {
                String message = String.valueOf(failure.getMessage());
                synchronized (catches) {
                    catches.put(seed, new Catch(property(message), seed, message));
                }
            }
        }
    }

    private @Nullable Catch runScripts() throws IOException {
        List<Path> scripts;
        try (Stream<Path> files = Files.list(SCRIPTS)) {
            scripts = files.sorted().toList();
        }
        for (Path script : scripts) {
            List<String> written = Files.readAllLines(script);
            String name = script.getFileName().toString();
            try {
                Object happened = mutant.call("io.balsa.raft.RaftScript", "run", List.class, written);
                if (!written.equals(happened) && bug.properties().contains(name)) {
                    return new Catch(name, 0, "it goes another way");
                }
            } catch (AssertionError failure) {
                return new Catch(name, 0, String.valueOf(failure.getMessage()));
            }
        }
        return null;
    }

    private @Nullable Catch partition() {
        try {
            mutant.call("io.balsa.raft.PartialPartitions", "check", int.class, 100);
        } catch (AssertionError failure) {
            String message = String.valueOf(failure.getMessage());
            return new Catch(property(message), 0, message);
        }
        return null;
    }

    private static String property(String message) {
        int colon = message.indexOf(':');
        return colon < 0 ? "Check" : message.substring(0, colon);
    }
}

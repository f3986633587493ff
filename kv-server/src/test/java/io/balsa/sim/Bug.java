package io.balsa.sim;

import java.util.List;

/**
 * A planted bug: a patch of the production sources, and what must catch it.
 *
 * @param rows of the failure catalogue in {@code docs/TESTING.md}, or what else it is like
 * @param detector what runs against the patched server
 * @param properties by any of which it may be caught
 * @param firstSeed where a simulation begins
 * @param seedsMax within how many seeds it is to catch the bug
 */
record Bug(
        String name,
        String rows,
        Detector detector,
        List<String> properties,
        long firstSeed,
        int seedsMax,
        List<Patch> patches) {
    /** What runs. */
    enum Detector {
        SIMULATION,
        HISTORIES,
        SCRIPTS,
        PARTIAL_PARTITIONS
    }

    /**
     * A snippet that must be in the file exactly once.
     *
     * @param file below {@code src/main/java/io/balsa}
     */
    record Patch(String file, String snippet, String replacement) {}

    static Builder simulated(String name, String rows, String... properties) {
        return new Builder(name, rows, Detector.SIMULATION, List.of(properties), 1, 100);
    }

    /** Caught by what the clients of a simulation saw, and by nothing else. */
    static Builder seenByClients(String name, String rows) {
        return new Builder(name, rows, Detector.HISTORIES, List.of("Linearizability"), 1, 100);
    }

    /** With nobody watching but the servers themselves, who compare their states. */
    static Builder foundByServers(String name, String rows) {
        return new Builder(name, rows, Detector.HISTORIES, List.of("NoDivergence"), 1, 100);
    }

    /** Caught by a script of {@code src/test/resources/raft}. */
    static Builder scripted(String name, String rows, String script) {
        return new Builder(name, rows, Detector.SCRIPTS, List.of(script), 0, 0);
    }

    static Builder partitioned(String name, String rows) {
        return new Builder(name, rows, Detector.PARTIAL_PARTITIONS, List.of("PartialPartition"), 0, 0);
    }

    /** All but the patches. */
    record Builder(String name, String rows, Detector detector, List<String> properties, long firstSeed, int seedsMax) {
        Builder within(int seeds) {
            return new Builder(name, rows, detector, properties, 1, seeds);
        }

        /** Where the seeds before it show the bug in another way than is to be shown. */
        Builder from(long seed) {
            return new Builder(name, rows, detector, properties, seed, seedsMax);
        }

        /** By this seed alone: it showed the bug when it was no planted one. */
        Builder at(long seed) {
            return new Builder(name, rows, detector, properties, seed, 1);
        }

        Bug by(String file, String snippet, String replacement) {
            return by(new Patch(file, snippet, replacement));
        }

        Bug by(Patch... patches) {
            return new Bug(name, rows, detector, properties, firstSeed, seedsMax, List.of(patches));
        }
    }

    @Override
    public String toString() {
        return name;
    }
}

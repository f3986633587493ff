package io.balsa.benchmarks.load;

import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What the clients do.
 *
 * @param name as on the command line and in every table
 * @param kinds one of these is drawn for each operation, all equally likely
 * @param valueBytes the length of values; 0: the one given for the run
 */
public record Workload(String name, List<Kind> kinds, int valueBytes) {
    private static final int KIB = 1024;

    /** All that there are, in the order in which they are run. */
    public static final List<Workload> ALL = List.of(
            new Workload("put", List.of(Kind.PUT), 0),
            new Workload("get", List.of(Kind.GET), 0),
            new Workload("lease-get", List.of(Kind.LEASE_GET), 0),
            new Workload("stale-get", List.of(Kind.STALE_GET), 0),
            new Workload("mix", List.of(Kind.PUT, Kind.GET), 0),
            new Workload("cas", List.of(Kind.CAS), 0),
            new Workload("range", List.of(Kind.RANGE), 0),
            new Workload("put-1k", List.of(Kind.PUT), KIB),
            new Workload("put-16k", List.of(Kind.PUT), 16 * KIB));

    private static final Set<Kind> ANY_SERVER = Set.of(Kind.STALE_GET, Kind.RANGE);

    /** Throws IllegalArgumentException that lists the names there are. */
    public static Workload named(String name) {
        return ALL.stream()
                .filter(workload -> workload.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no workload is named " + name + "; there are "
                        + ALL.stream().map(Workload::name).toList()));
    }

    Kind draw(SplittableRandom random) {
        return kinds.size() == 1 ? kinds.get(0) : kinds.get(random.nextInt(kinds.size()));
    }

    /** The length of values when the run's own is {@code given}. */
    public int valueBytesOr(int given) {
        return valueBytes == 0 ? given : valueBytes;
    }

    /** Whether clients should be spread over all servers, since none of the operations concerns the leader. */
    public boolean servedByAny() {
        return ANY_SERVER.containsAll(kinds);
    }
}

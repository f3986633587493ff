package io.balsa.raft;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The servers whose votes and copies count. Sorted, without duplicates, not empty. */
public record Membership(List<NodeId> voters) {
    public Membership {
        voters = voters.stream().sorted().distinct().toList();
        Check.that(!voters.isEmpty(), "a cluster has at least one server");
    }

    public static Membership of(NodeId... voters) {
        return new Membership(Arrays.asList(voters));
    }

    /** More than half: any two majorities share a server. */
    public int majority() {
        return voters.size() / 2 + 1;
    }

    public boolean contains(NodeId server) {
        return voters.contains(server);
    }

    /** Everyone but {@code self}, in order. */
    Stream<NodeId> peersOf(NodeId self) {
        return voters.stream().filter(voter -> !voter.equals(self));
    }

    /** How many voters, {@code leader} not counted, come before {@code server}: spreads out what all would do at once. */
    int rankWithout(NodeId leader, NodeId server) {
        return (int)
                peersOf(leader).filter(voter -> voter.compareTo(server) < 0).count();
    }

    /**
     * The largest value that a majority has reached.
     *
     * @param reached one value a voter; sorted by this call
     */
    long majorityReached(long[] reached) {
        Check.that(reached.length == voters.size(), "%d values for %d voters", reached.length, voters.size());
        Arrays.sort(reached);
        return reached[reached.length - majority()];
    }
}

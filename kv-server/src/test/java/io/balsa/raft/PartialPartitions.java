package io.balsa.raft;

import java.util.SplittableRandom;

/** Clusters in which some links are cut, each direction by itself. */
public final class PartialPartitions {
    private static final int SETTLE_TICKS = 10 * TestCluster.CONFIG.electionTicksMax();
    private static final int STABLE_TICKS = 5 * TestCluster.CONFIG.electionTicksMax();

    private PartialPartitions() {}

    /**
     * Cuts links under a healthy cluster. If some server hears a majority and is heard by it, one must lead from ten
     * election timeouts later on and commit, else AssertionError.
     *
     * @param graph bit {@code (from - 1) * size + to - 1} is set where the link works
     * @return whether there was anything to demand
     */
    public static boolean check(long graph, int size, int oldLeader, long seed) {
        TestCluster cluster = new TestCluster(
                size, TestCluster.CONFIG, new TestCluster.Watcher() {}, id -> new SplittableRandom(seed * 31 + id));
        cluster.elect(oldLeader);
        cluster.propose(oldLeader, "before");
        cluster.settle();
        cluster.run(2 * TestCluster.CONFIG.heartbeatTicks()); // Everyone knows of it, and nobody is behind.
        for (int from = 1; from <= size; from++) {
            for (int to = 1; to <= size; to++) {
                if (!works(graph, size, from, to)) {
                    cluster.cut(from, to);
                }
            }
        }
        cluster.run(SETTLE_TICKS);
        if (!someoneReachesAMajority(graph, size)) {
            return false;
        }
        String story =
                "graph " + Long.toBinaryString(graph) + " of " + size + ", old leader n" + oldLeader + ", seed " + seed;
        demand(!cluster.leaders().isEmpty(), story, "nobody leads");
        int leader = cluster.leaders().get(0);
        for (int other : cluster.leaders()) {
            leader = cluster.raft(other).currentTerm() > cluster.raft(leader).currentTerm() ? other : leader;
        }
        long term = cluster.raft(leader).currentTerm();
        cluster.propose(leader, "after");
        long index = cluster.raft(leader).lastLog().index();
        cluster.run(STABLE_TICKS);
        demand(cluster.raft(leader).commitIndex() >= index, story, "the leader does not commit");
        demand(cluster.raft(leader).isLeader(), story, "the leader does not stay");
        demand(cluster.raft(leader).currentTerm() == term, story, "the leader had to be elected again");
        return true;
    }

    private static void demand(boolean holds, String story, String otherwise) {
        if (!holds) {
            throw new AssertionError("PartialPartition: " + otherwise + ": " + story);
        }
    }

    private static boolean works(long graph, int size, int from, int to) {
        return from == to || ((graph >> ((from - 1) * size + (to - 1))) & 1) == 1;
    }

    private static boolean someoneReachesAMajority(long graph, int size) {
        for (int server = 1; server <= size; server++) {
            int reached = 0;
            for (int other = 1; other <= size; other++) {
                if (works(graph, size, server, other) && works(graph, size, other, server)) {
                    reached++;
                }
            }
            if (reached > size / 2) {
                return true;
            }
        }
        return false;
    }

    /** Every one of the 64 graphs of three servers, under each old leader; returns in how many there was a demand. */
    public static int checkAllOfThree() {
        int demanded = 0;
        for (int links = 0; links < 64; links++) {
            long graph = 0;
            int link = 0;
            for (int from = 1; from <= 3; from++) {
                for (int to = 1; to <= 3; to++) {
                    if (from != to && ((links >> link++) & 1) == 1) {
                        graph |= 1L << ((from - 1) * 3 + (to - 1));
                    }
                }
            }
            for (int oldLeader = 1; oldLeader <= 3; oldLeader++) {
                demanded += check(graph, 3, oldLeader, links) ? 1 : 0;
            }
        }
        return demanded;
    }

    /** Both of the others; for the zoo of planted bugs. */
    public static int check(int samples) {
        return checkAllOfThree() + checkSomeOfFive(samples, 1);
    }

    /** So many random graphs of five servers. */
    public static int checkSomeOfFive(int samples, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int demanded = 0;
        for (int sample = 0; sample < samples; sample++) {
            long graph = random.nextLong();
            if (random.nextBoolean()) {
                graph |= random.nextLong(); // Three links of four work.
            }
            demanded += check(graph, 5, random.nextInt(1, 6), sample) ? 1 : 0;
        }
        return demanded;
    }
}

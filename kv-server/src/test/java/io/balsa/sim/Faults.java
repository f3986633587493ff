package io.balsa.sim;

import io.balsa.node.Compaction;
import io.balsa.node.Timeouts;
import io.balsa.raft.LeaseConfig;
import io.balsa.raft.RaftConfig;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One seed's mix of sizes, limits and faults. Each kind of fault is switched on or off by itself, so that some runs are
 * extreme in one way and calm in all others: a mix that always holds everything hides what only one fault would show.
 */
final class Faults {
    /** What the adversary may do. */
    enum Act {
        SPLIT,
        ISOLATE_LEADER,
        CUT_ONE_WAY,
        CUT_SOME_LINKS,
        HEAL,
        CRASH,
        CRASH_LEADER,
        CRASH_ALL,
        RESTART,
        PAUSE,
        PAUSE_LEADER,
        STRAND_LEADER,
        SLOW_DISK,
        FILL_STATE,
        CLOSED_HINT,
        TRANSFER,
        WIPE,
        ADD_SERVER,
        REMOVE_SERVER,
        REMOVE_LEADER,
        PROMOTE,
        DISCONNECT_LEADER;

        boolean changesMembership() {
            return compareTo(WIPE) >= 0 && compareTo(PROMOTE) <= 0;
        }
    }

    private static final long MILLI = 1_000;

    /** Voters at the beginning. */
    final int servers;

    /** Servers that wait to be taken in. */
    final int spares;

    final int clients;
    final int keys;
    final Timeouts timeouts;
    final RaftConfig config;
    final int idempotencyRecordsMax;
    final double loss;
    final double duplication;
    final long delayMinMicros;
    final long delayMaxMicros;
    final double straggler;
    final long stragglerMaxMicros;
    final double answerLoss;

    final double crashBeforeWrite;
    final double crashAfterWrite;
    final boolean crashesAreNoticed;
    final long diskMaxMicros;
    final long checkpointMaxMicros;
    final long pauseMaxMicros;
    final long clockDriftPercent;

    final List<Act> acts;
    final long actMaxMicros;
    final long thinkMaxMicros;
    final long clientTimeoutMicros;
    final double onceShare;
    final double readShare;
    final int valueBytesMax;

    /** The network's delay after the faults, to and fro. */
    final long calmDelayMicros;

    /** How many of the longest election timeouts it may take then until a leader is found. */
    final long electionsUntilLeader;

    /** What a write takes at most then. */
    final long calmDiskMaxMicros;

    /** When the log is cut, what a snapshot's chunks hold, and what each of them takes to be read and to be stored. */
    final Compaction.Limits compaction;

    final int chunkBytes;
    final long chunkMaxMicros;

    /** Of reading or storing a chunk, without a crash. */
    final double snapshotFailure;

    final double crashAmidSnapshot;
    final double crashAmidInstall;

    /** Whether some servers take part in reads by lease; and of a start, that this one does as all others do. */
    final boolean leases;

    final double likeTheOthers;

    /** Each clock drifts as far as any may, one way or the other. */
    final boolean extremeClocks;

    /** Of the reads that must be fresh. */
    final double leaseShare;

    /** Whether the states of a minority become wrong. */
    final boolean diverges;

    Faults(SplittableRandom random) {
        int size = random.nextInt(10);
        servers = size == 0 ? 1 : size < 7 ? 3 : 5;
        clients = random.nextInt(1, 6);
        keys = random.nextInt(1, 5);
        timeouts = random.nextInt(3) == 0 ? Timeouts.fixed(20, 60, 120) : Timeouts.LAN;
        RaftConfig fixed = config(random);
        idempotencyRecordsMax = random.nextBoolean() ? 48 : 4_000;
        loss = pick(random, 0, 0, 0.01, 0.1, 0.4);
        duplication = pick(random, 0, 0, 0.05, 0.5);
        delayMinMicros = pick(random, 50, 500, 5_000);
        delayMaxMicros = delayMinMicros + pick(random, 100, 1_000, 10_000, 60_000);
        straggler = pick(random, 0, 0, 0.01, 0.1);
        stragglerMaxMicros = pick(random, 200_000, 2_000_000);
        answerLoss = pick(random, 0, 0, 0.05, 0.3);

        boolean crashes = random.nextBoolean();
        crashBeforeWrite = crashes ? pick(random, 0, 0.001, 0.01) : 0;
        crashAfterWrite = crashes ? pick(random, 0, 0.001, 0.01) : 0;
        crashesAreNoticed = random.nextBoolean();
        diskMaxMicros = pick(random, 200, 2_000, 15_000);
        checkpointMaxMicros = pick(random, 50_000, 1_000_000, 20_000_000);
        pauseMaxMicros = pick(random, 100_000, 1_000_000, 4_000_000);
        clockDriftPercent = pick(random, 0, 0, 10, 30);

        List<Act> faults = acts(random);
        actMaxMicros = pick(random, 100_000, 400_000, 1_500_000);
        thinkMaxMicros = pick(random, 2_000, 20_000, 100_000);
        clientTimeoutMicros = pick(random, 100_000, 400_000, 1_500_000);
        onceShare = pick(random, 0, 0.3, 0.8);
        readShare = pick(random, 0.2, 0.5, 0.8);
        valueBytesMax = (int) pick(random, 16, 16, 2_000);
        // At worst, the way to and fro takes most of the shortest election timeout of the fastest clock.
        long electionMicrosMin = timeouts.electionMillisMin() * MILLI * (100 - clockDriftPercent) / 100;
        calmDelayMicros = Math.min(pick(random, 100, 1_000, 10_000, 1_000_000), electionMicrosMin * 35 / 100);
        // On such a network rivals split the votes often, and one seed in ten thousand does so ten times in a row.
        electionsUntilLeader = calmDelayMicros > electionMicrosMin / 5 ? 30 : 10;
        calmDiskMaxMicros = Math.min(diskMaxMicros, electionMicrosMin / 30);
        compaction = compaction(random);
        boolean large = idempotencyRecordsMax > 48 || valueBytesMax > 16;
        chunkBytes = (int) (large ? pick(random, 2_000, 20_000) : pick(random, 200, 2_000));
        chunkMaxMicros = pick(random, 100, 2_000, 20_000);
        snapshotFailure = pick(random, 0, 0, 0.01, 0.05);
        crashAmidSnapshot = crashes ? pick(random, 0, 0.005, 0.02) : 0;
        crashAmidInstall = crashes ? pick(random, 0, 0.1, 0.4) : 0;
        // Last, so that the worlds without them are what they were before there were any.
        boolean changes = random.nextInt(3) == 1;
        spares = changes ? random.nextInt(1, 3) : 0;
        if (changes) {
            faults.addAll(List.of(Act.ADD_SERVER, Act.REMOVE_SERVER, Act.PROMOTE));
            if (random.nextBoolean()) {
                faults.add(Act.REMOVE_LEADER);
            }
        }
        if (random.nextInt(3) == 1) {
            faults.add(Act.WIPE);
        }
        int kind = random.nextInt(5);
        leases = kind < 2;
        likeTheOthers = kind == 0 ? 0.6 : 1;
        leaseShare = leases ? pick(random, 0.5, 0.9) : 0;
        extremeClocks = leases && random.nextBoolean();
        if (leases) {
            faults.add(Act.DISCONNECT_LEADER);
        }
        acts = List.copyOf(faults);
        diverges = random.nextInt(4) == 1;
        config = random.nextInt(4) == 1 ? fixed.withElectionTicksFloor(2 * fixed.heartbeatTicks()) : fixed;
    }

    /** How a server takes part in reads by lease from this start on; it remembers what it has ever pledged. */
    LeaseConfig leases(SplittableRandom random, long formerPledgeNanos) {
        if (!leases) {
            return LeaseConfig.OFF;
        }
        long pledgeNanos = timeouts.electionMillisMin() * MILLI * 1_000;
        if (random.nextDouble() >= likeTheOthers) {
            pledgeNanos = random.nextBoolean() ? 0 : pledgeNanos * random.nextInt(1, 20) / 10;
        }
        return new LeaseConfig(pledgeNanos, formerPledgeNanos, (int) clockDriftPercent);
    }

    /** Often far too eager, so that followers are behind the log all the time. */
    private static Compaction.Limits compaction(SplittableRandom random) {
        long never = Long.MAX_VALUE;
        if (random.nextInt(4) == 0) {
            return new Compaction.Limits(never, never, never, never, 0, never);
        }
        long bytesMax = pick(random, 500, 500, 5_000, never);
        return new Compaction.Limits(
                pick(random, 5, 5, 20, 100),
                bytesMax,
                bytesMax,
                pick(random, 100, never),
                pick(random, 0, 0, 3, 30),
                random.nextInt(4) > 0 ? bytesMax : never);
    }

    private RaftConfig config(SplittableRandom random) {
        RaftConfig wide = timeouts.toConfig();
        if (random.nextInt(3) == 0) {
            return wide;
        }
        int staggerTicks = random.nextInt(1, 4);
        long messageBytesMax = pick(random, 1, 300, 2_000);
        int windowMessagesMax = random.nextInt(1, 5);
        return new RaftConfig(
                wide.electionTicksFloor(),
                wide.electionTicksMin(),
                wide.electionTicksMax(),
                wide.heartbeatTicks(),
                staggerTicks,
                messageBytesMax,
                windowMessagesMax,
                pick(random, 1, 1_000, 10_000),
                pick(random, 200, 1_000, 20_000),
                pick(random, 0, 500, 5_000),
                windowMessagesMax,
                LeaseConfig.OFF);
    }

    private static List<Act> acts(SplittableRandom random) {
        List<Act> acts = new ArrayList<>();
        for (Act act : EnumSet.range(Act.SPLIT, Act.TRANSFER)) {
            if (random.nextInt(5) < 2) {
                acts.add(act);
            }
        }
        // Whatever the seed breaks, it mends now and then; else most of a run would be spent with nothing left to do.
        acts.add(Act.HEAL);
        acts.add(Act.RESTART);
        return acts;
    }

    private static double pick(SplittableRandom random, double... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private static long pick(SplittableRandom random, long... choices) {
        return choices[random.nextInt(choices.length)];
    }

    @Override
    public String toString() {
        return servers + " servers, " + spares + " spares, " + clients + " clients, loss " + loss + ", duplication "
                + duplication + ", delay "
                + delayMinMicros + ".." + delayMaxMicros + " us, stragglers " + straggler + " up to "
                + stragglerMaxMicros + " us, disk up to " + diskMaxMicros + " us, calm delay " + calmDelayMicros
                + " us, " + timeouts + ", " + config + ", " + acts + ", " + compaction + ", chunks of " + chunkBytes
                + " bytes up to " + chunkMaxMicros + " us, leases " + leases + " " + likeTheOthers
                + (diverges ? ", states that diverge" : "");
    }
}

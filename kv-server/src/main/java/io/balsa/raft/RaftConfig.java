package io.balsa.raft;

/**
 * The core's timeouts and limits; a tick is as long as its driver makes it.
 *
 * @param electionTicksFloor a follower whose leader was never silent for long waits less than {@code electionTicksMin}, down to
 *     this ({@link Patience}); equal to it: it never does
 * @param electionTicksMin a follower that hears nothing for this long, and up to {@code electionTicksMax}, asks for
 *     votes (§5.2); a leader that hears from no majority for {@code electionTicksMin} steps down (thesis §6.2)
 * @param heartbeatTicks between two heartbeats of an idle leader
 * @param staggerTicks between the servers that notice at the same moment that the leader's connection closed
 * @param messageBytesMax of entries in one AppendEntries; one larger entry still goes, alone
 * @param windowMessagesMax unanswered AppendEntries with entries to one follower
 * @param windowBytesMax the same in bytes
 * @param unappliedBytesMax what a leader appends beyond what is applied; then it refuses
 * @param cacheBytesMax of the log's tail in memory, as far as it is written and applied
 * @param snapshotWindowMax chunks of a snapshot that one follower has not stored yet; all are kept in memory
 * @param leases whether, and how, this server takes part in reads by lease
 */
public record RaftConfig(
        int electionTicksFloor,
        int electionTicksMin,
        int electionTicksMax,
        int heartbeatTicks,
        int staggerTicks,
        long messageBytesMax,
        int windowMessagesMax,
        long windowBytesMax,
        long unappliedBytesMax,
        long cacheBytesMax,
        int snapshotWindowMax,
        LeaseConfig leases) {

    /** A transfer of a snapshot that comes no further for this many of the longest election timeouts is given up. */
    private static final int SNAPSHOT_PATIENCE = 20;

    public RaftConfig {
        Check.that(heartbeatTicks > 0, "heartbeatTicks %d", heartbeatTicks);
        Check.that(
                electionTicksFloor > heartbeatTicks
                        && electionTicksMin >= electionTicksFloor
                        && electionTicksMax > electionTicksMin,
                "heartbeat %d < election floor %d <= min %d < max %d does not hold",
                heartbeatTicks,
                electionTicksFloor,
                electionTicksMin,
                electionTicksMax);
        Check.that(
                windowMessagesMax > 0 && windowBytesMax > 0 && messageBytesMax > 0 && snapshotWindowMax > 0,
                "an empty window");
    }

    /** The limits of production with the given timeouts, in ticks, which are the same whatever happens. */
    public static RaftConfig ofTicks(int electionTicksMin, int electionTicksMax, int heartbeatTicks) {
        return ofTicks(electionTicksMin, electionTicksMin, electionTicksMax, heartbeatTicks);
    }

    /** The limits of production with the given timeouts, in ticks. */
    public static RaftConfig ofTicks(
            int electionTicksFloor, int electionTicksMin, int electionTicksMax, int heartbeatTicks) {
        return new RaftConfig(
                electionTicksFloor,
                electionTicksMin,
                electionTicksMax,
                heartbeatTicks,
                2,
                1 << 20,
                64,
                8 << 20,
                32 << 20,
                1 << 20,
                8,
                LeaseConfig.OFF);
    }

    public RaftConfig with(LeaseConfig other) {
        return with(electionTicksFloor, other);
    }

    public RaftConfig withElectionTicksFloor(int ticks) {
        return with(ticks, leases);
    }

    private RaftConfig with(int floor, LeaseConfig other) {
        return new RaftConfig(
                floor,
                electionTicksMin,
                electionTicksMax,
                heartbeatTicks,
                staggerTicks,
                messageBytesMax,
                windowMessagesMax,
                windowBytesMax,
                unappliedBytesMax,
                cacheBytesMax,
                snapshotWindowMax,
                other);
    }

    int snapshotPatienceTicks() {
        return SNAPSHOT_PATIENCE * electionTicksMax;
    }
}

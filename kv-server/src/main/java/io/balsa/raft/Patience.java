package io.balsa.raft;

import org.jspecify.annotations.Nullable;

/**
 * How long a follower hears nothing from its leader before it takes it for dead: as short as what it has seen of leaders
 * allows. A fixed timeout is too long for a quiet network and too short for a busy disk.
 *
 * <p>Half as long again as the longest gap of the last ten to twenty seconds, and a heartbeat, between {@link
 * RaftConfig#electionTicksFloor} and {@link RaftConfig#electionTicksMin}. Of a new leader nothing is known: for a second
 * the latter holds.
 *
 * <p>It learns from its mistakes. A leader that was replaced because it was silent, and that speaks soon afterwards, was alive:
 * then {@link RaftConfig#electionTicksMin} holds for a minute, and twice as long when that happens again, so that a load which
 * no gap announced costs few elections.
 *
 * <p>Safety does not depend on it, as it does not on any timeout (§5.6); where pledges do ({@link Leases}), it stays out.
 */
final class Patience {
    private static final int SETTLING_TICKS = 100;
    private static final int WINDOW_TICKS = 1_000;
    private static final int CALM_TICKS_MIN = 6_000;
    private static final int CALM_TICKS_MAX = 96_000;

    private final RaftConfig config;

    private long term = -1;
    private int ticksInTerm;
    private int ticksSinceHeard;
    private int ticksInWindow;
    private int longestGap;
    private int longestGapBefore;

    private @Nullable NodeId suspect;
    private long suspectTerm;
    private int ticksSinceSuspected;
    private int calmTicks = CALM_TICKS_MIN;
    private int ticksSinceAlarm = 2 * CALM_TICKS_MAX;

    Patience(RaftConfig config) {
        this.config = config;
    }

    void tick() {
        ticksInTerm++;
        ticksSinceHeard++;
        ticksSinceSuspected++;
        ticksSinceAlarm = Math.min(ticksSinceAlarm + 1, 2 * CALM_TICKS_MAX);
        ticksInWindow++;
        if (ticksInWindow >= WINDOW_TICKS) {
            ticksInWindow = 0;
            longestGapBefore = longestGap;
            longestGap = 0;
        }
    }

    /** From the leader of {@code ofTerm}. */
    void heardFromLeader(long ofTerm) {
        if (ofTerm == term) {
            longestGap = Math.max(longestGap, ticksSinceHeard);
        } else {
            term = ofTerm;
            ticksInTerm = 0;
        }
        ticksSinceHeard = 0;
    }

    /** This server helps to replace the leader that it heard from last, for no other reason than its silence. */
    void suspects(NodeId silentLeader) {
        suspect = silentLeader;
        suspectTerm = term;
        ticksSinceSuspected = 0;
    }

    /** From anyone, about anything; {@code currentTerm}: this server's. */
    void heardFrom(NodeId server, long currentTerm) {
        if (!server.equals(suspect)) {
            return;
        }
        suspect = null;
        if (currentTerm > suspectTerm && ticksSinceSuspected <= config.electionTicksMax()) {
            boolean again = ticksSinceAlarm < 2 * calmTicks;
            calmTicks = again ? Math.min(2 * calmTicks, CALM_TICKS_MAX) : CALM_TICKS_MIN;
            ticksSinceAlarm = 0;
        }
    }

    /** How long a leader may be silent. */
    int electionTicksMin() {
        int most = config.electionTicksMin();
        if (config.leases().isOn() || ticksInTerm < SETTLING_TICKS || ticksSinceAlarm < calmTicks) {
            return most;
        }
        int gap = Math.max(longestGap, longestGapBefore);
        int enough = gap + gap / 2 + config.heartbeatTicks();
        return Math.min(most, Math.max(config.electionTicksFloor(), enough));
    }
}

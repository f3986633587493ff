package io.balsa.node;

import io.balsa.raft.RaftConfig;
import java.util.Locale;

/**
 * How long servers wait for each other, in milliseconds: a shorter election timeout finds a dead leader sooner, and takes
 * a pause or a slow network for a dead leader more often.
 *
 * @param heartbeatMillis between two heartbeats of an idle leader
 * @param electionMillisFloor a follower whose leader was never silent for long calls an election after less than {@code
 *     electionMillisMin}, down to this; equal to it: it never does
 * @param electionMillisMin a follower that hears nothing for this long, and up to {@code electionMillisMax}, calls an election
 */
public record Timeouts(int heartbeatMillis, int electionMillisFloor, int electionMillisMin, int electionMillisMax) {
    /** One tick of the Raft clock. */
    public static final int TICK_MILLIS = 10;

    /**
     * By so much no server's monotonic clock may be fast or slow where reads by lease are served. Crystals are wrong by a hundredth of
     * that at most, and what sets clocks right changes their speed by less than a thousandth.
     */
    public static final int CLOCK_DRIFT_PERCENT = 10;

    public static final Timeouts LAN = fixed(50, 150, 300);
    public static final Timeouts STANDARD = new Timeouts(50, 150, 500, 1000);
    public static final Timeouts WAN = fixed(500, 2500, 5000);

    public Timeouts {
        if (heartbeatMillis < TICK_MILLIS
                || electionMillisFloor < 2 * heartbeatMillis
                || electionMillisMin < electionMillisFloor
                || electionMillisMax < electionMillisMin + TICK_MILLIS) {
            throw new IllegalArgumentException("timeouts must hold: " + TICK_MILLIS
                    + " ms <= heartbeat, 2 x heartbeat <= shortest election timeout < longest; these are "
                    + heartbeatMillis
                    + ", " + electionMillisMin + " and " + electionMillisMax + " ms");
        }
    }

    /** The same whatever was seen of the leader. */
    public static Timeouts fixed(int heartbeatMillis, int electionMillisMin, int electionMillisMax) {
        return new Timeouts(heartbeatMillis, electionMillisMin, electionMillisMin, electionMillisMax);
    }

    /** With another heartbeat, and a floor of three of it at least. */
    public Timeouts withHeartbeat(int millis) {
        int floor = Math.min(electionMillisMin, Math.max(electionMillisFloor, 3 * millis));
        return new Timeouts(millis, floor, electionMillisMin, electionMillisMax);
    }

    /** {@code lan}, {@code standard} or {@code wan}; anything else is an IllegalArgumentException that lists them. */
    public static Timeouts preset(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "lan" -> LAN;
            case "standard" -> STANDARD;
            case "wan" -> WAN;
            default ->
                throw new IllegalArgumentException(
                        "'" + name + "' is not a preset of timeouts; there are lan, standard and wan");
        };
    }

    public RaftConfig toConfig() {
        return RaftConfig.ofTicks(
                electionMillisFloor / TICK_MILLIS,
                electionMillisMin / TICK_MILLIS,
                electionMillisMax / TICK_MILLIS,
                heartbeatMillis / TICK_MILLIS);
    }
}

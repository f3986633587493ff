package io.balsa.raft;

import java.util.random.RandomGenerator;

/** Draws how long to wait, in ticks. */
final class Timers {
    private final RaftConfig config;
    private final RandomGenerator random;
    private final Patience patience;

    Timers(RaftConfig config, RandomGenerator random) {
        this.config = config;
        this.random = random;
        this.patience = new Patience(config);
    }

    /** Until an election is called (§5.2): from {@link Patience#electionTicksMin} on, and as much longer as configured. */
    int electionTicks() {
        int min = patience.electionTicksMin();
        return random.nextInt(min, (int) ((long) min * config.electionTicksMax() / config.electionTicksMin()));
    }

    /** How long a leader may be silent. */
    Patience patience() {
        return patience;
    }

    /** How long a rival that goes first has to win its election. */
    int rivalsTurnTicks() {
        return 2 * config.staggerTicks() + ticksBelow(2 * config.staggerTicks());
    }

    /** From 0 to {@code bound} - 1. */
    int ticksBelow(int bound) {
        return random.nextInt(bound);
    }
}

package io.balsa.raft;

import java.util.random.RandomGenerator;

/** Draws how long to wait, in ticks. */
final class Timers {
    private final RaftConfig config;
    private final RandomGenerator random;

    Timers(RaftConfig config, RandomGenerator random) {
        this.config = config;
        this.random = random;
    }

    /** Until an election is called (§5.2). */
    int electionTicks() {
        return random.nextInt(config.electionTicksMin(), config.electionTicksMax());
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

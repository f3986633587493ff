package io.balsa.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Whole servers under faults, one seed after the other; {@code -Dbalsa.seeds=N} runs more of them. */
class SimulationTest {
    private static final long SEEDS = Long.getLong("balsa.seeds", 10);

    @Test
    void everySeedKeepsTheInvariantsHealsAndIsLinearizable() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            System.out.println("seed " + seed);
            Simulation.run(seed); // Throws a SimulationFailure that names the invariant.
        }
    }

    @Test
    void theSameSeedGivesTheSameHash() {
        assertThat(Simulation.run(3).hash()).isEqualTo(Simulation.run(3).hash());
        assertThat(Simulation.run(3).hash()).isNotEqualTo(Simulation.run(4).hash());
    }
}

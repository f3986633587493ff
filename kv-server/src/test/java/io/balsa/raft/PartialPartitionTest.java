package io.balsa.raft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * Whatever links are cut, each direction by itself: as long as some server hears a majority and is heard by it, the
 * cluster finds one that leads for good, and it commits.
 */
class PartialPartitionTest {
    @Test
    void everyOneWayGraphOfThreeServersThatCanHaveALeaderHasOne() {
        // Of three pairs, each works both ways in 1 of 4 graphs: 64 - 27 graphs have one that does; three old leaders.
        assertThat(PartialPartitions.checkAllOfThree()).isEqualTo(3 * (64 - 27));
    }

    @Test
    void sampledGraphsOfFiveServersThatCanHaveALeaderHaveOne() {
        long seed = Long.getLong("balsa.seed", 5);
        System.out.println("PartialPartitionTest: -Dbalsa.seed=" + seed);
        assertThat(PartialPartitions.checkSomeOfFive(2_000, seed)).isGreaterThan(700);
    }
}

package io.balsa.raft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What two scripts do not tell: {@code 32-patience.txt} and {@code 33-a-gap.txt}. */
final class PatienceTest {
    private static final NodeId LEADER = new NodeId(1);
    private static final int SECOND = 100;
    private static final int MINUTE = 60 * SECOND;

    private final Patience patience = new Patience(TestCluster.PATIENT);
    private long term = 1;

    /** The leader speaks every five ticks. */
    private void follow(int ticks) {
        for (int tick = 1; tick <= ticks; tick++) {
            patience.tick();
            if (tick % 5 == 0) {
                patience.heardFrom(LEADER, term);
                patience.heardFromLeader(term);
            }
        }
    }

    private void silence(int ticks) {
        for (int tick = 0; tick < ticks; tick++) {
            patience.tick();
        }
        patience.heardFromLeader(term);
    }

    /** Another term has begun when the leader of this one speaks, {@code ticks} later. */
    private void replacedAndHeardAgainAfter(int ticks) {
        patience.suspects(LEADER);
        for (int tick = 0; tick < ticks; tick++) {
            patience.tick();
        }
        term++;
        patience.heardFrom(LEADER, term);
        patience.heardFromLeader(term);
    }

    /** How long it waits for a leader of which nothing but regular heartbeats is known. */
    private int minAfter(int ticks) {
        follow(ticks);
        return patience.electionTicksMin();
    }

    @Test
    void nothingIsKnownOfALeaderInItsFirstSecond() {
        assertThat(patience.electionTicksMin()).isEqualTo(50);
        patience.heardFromLeader(term);
        assertThat(minAfter(SECOND - 5)).isEqualTo(50);
        assertThat(minAfter(5)).isEqualTo(15);
        term++;
        patience.heardFromLeader(term);
        assertThat(patience.electionTicksMin()).isEqualTo(50);
        assertThat(minAfter(SECOND)).isEqualTo(15);
    }

    @Test
    void aGapCountsForTenToTwentySeconds() {
        patience.heardFromLeader(term);
        assertThat(minAfter(12 * SECOND)).isEqualTo(15);
        silence(20);
        assertThat(patience.electionTicksMin()).isEqualTo(20 + 10 + 5);
        silence(16);
        assertThat(patience.electionTicksMin()).isEqualTo(35);
        assertThat(minAfter(10 * SECOND)).isEqualTo(35);
        assertThat(minAfter(10 * SECOND)).isEqualTo(15);
        silence(200);
        assertThat(patience.electionTicksMin()).isEqualTo(50);
    }

    @Test
    void timeWithoutALeaderIsNoGap() {
        patience.heardFromLeader(term);
        follow(2 * SECOND);
        term++;
        silence(40);
        assertThat(minAfter(2 * SECOND)).isEqualTo(15);
    }

    @Test
    void eachMistakeCostsTwiceAsMuchPatienceAsTheOneBefore() {
        patience.heardFromLeader(term);
        follow(2 * SECOND);
        for (int minutes : new int[] {1, 2, 4, 8, 16, 16}) {
            replacedAndHeardAgainAfter(30);
            assertThat(minAfter(minutes * MINUTE - 5))
                    .as("after %d minutes", minutes)
                    .isEqualTo(50);
            assertThat(minAfter(5)).as("after %d minutes", minutes).isEqualTo(15);
        }
        follow(17 * MINUTE); // Long enough ago.
        replacedAndHeardAgainAfter(30);
        assertThat(minAfter(MINUTE - 5)).isEqualTo(50);
        assertThat(minAfter(5)).isEqualTo(15);
    }

    @Test
    void itWasNoMistakeWhenTheLeaderComesBackLateOrNeverOrWasNotReplaced() {
        patience.heardFromLeader(term);
        follow(2 * SECOND);
        replacedAndHeardAgainAfter(101);
        assertThat(minAfter(SECOND)).isEqualTo(15);
        patience.suspects(LEADER);
        patience.heardFrom(LEADER, term);
        assertThat(minAfter(SECOND)).isEqualTo(15);
        patience.suspects(new NodeId(3)); // It is never heard from again.
        term++;
        patience.heardFromLeader(term);
        assertThat(minAfter(2 * SECOND)).isEqualTo(15);
    }

    /** A pledge lasts as long as the shortest timeout that is configured: who waited less would wait for its end, with all others. */
    @Test
    void whereThereArePledgesItStaysOut() {
        Patience pledged = new Patience(TestCluster.PATIENT.with(new LeaseConfig(500_000_000, 0, 10)));
        pledged.heardFromLeader(1);
        for (int tick = 1; tick <= 10 * SECOND; tick++) {
            pledged.tick();
            pledged.heardFromLeader(1);
        }
        assertThat(pledged.electionTicksMin()).isEqualTo(50);
    }
}

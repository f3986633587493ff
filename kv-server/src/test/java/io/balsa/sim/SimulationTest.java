package io.balsa.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whole servers under faults, one seed after the other; {@code -Dbalsa.seeds=N} runs more of them. */
class SimulationTest {
    private static final long SEEDS = Long.getLong("balsa.seeds", 1_000);
    private static final int TRACED_LINES = 60;

    @Test
    void everySeedKeepsTheInvariantsHealsAndIsLinearizable() throws InterruptedException {
        System.out.println("SimulationTest: seeds 1 to " + SEEDS);
        Seeds seeds = new Seeds(1, SEEDS, Runtime.getRuntime().availableProcessors());
        Seeds.Failure failure = seeds.run();
        if (failure != null) {
            fail(story(failure.seed(), failure.cause()), failure.cause());
        }
        System.out.println(seeds.speed());
        if (SEEDS >= 500) {
            everythingHappened(seeds.counts());
        }
    }

    private static String story(long seed, SimulationFailure failure) {
        List<String> trace = Simulation.trace(seed);
        List<String> end = trace.subList(Math.max(0, trace.size() - TRACED_LINES), trace.size());
        return "seed " + seed + ": " + failure.getMessage() + "\nreplay it: kv-server/simulate --seeds 1 --from " + seed
                + " --trace\n" + String.join("\n", end);
    }

    /** A simulation in which nothing goes wrong, or nothing right, would pass as well. */
    private static void everythingHappened(Map<String, Long> counts) {
        for (Faults.Act act : Faults.Act.values()) {
            assertThat(counts.getOrDefault(act.name(), 0L))
                    .as("%s happened", act)
                    .isGreaterThan(100);
        }
        List<String> outcomes = List.of(
                "BUSY",
                "COMMIT_TIMEOUT",
                "LEADER_CHANGED",
                "NOT_LEADER",
                "NO_LEADER",
                "TRANSFERRING",
                "READ_NO_LEADER",
                "READ_TIMEOUT",
                "retried write",
                "entries replaced",
                "transfer begun");
        for (String outcome : outcomes) {
            assertThat(counts.getOrDefault(outcome, 0L))
                    .as("%s happened", outcome)
                    .isGreaterThan(100);
        }
        for (String much : List.of("write", "read", "stale read", "read by lease", "entries read from disk")) {
            assertThat(counts.getOrDefault(much, 0L)).as("%s happened", much).isGreaterThan(20_000);
        }
        assertThat(counts.getOrDefault("histories too hard to check", 0L)).isLessThan(5);
    }

    @Test
    void theSameSeedGivesTheSameHashOnEveryJdk() {
        assertThat(PinnedHashes.OF_SEEDS)
                .allSatisfy((seed, hash) -> assertThat(PinnedHashes.now(seed))
                        .as("the run of seed %d; when the simulation or the server changed, so may the hash", seed)
                        .isEqualTo(hash));
    }

    /** A server refused a leader of an older term, and its answer confirmed a read of a later one. */
    @Test
    void anAnswerToAnOlderTermConfirmsNoRead() {
        Simulation.run(470);
    }

    /** The leader and one follower differ, and the other one lacks what the leader's log no longer has. */
    @Test
    void aLeaderWhoseStateIsDisputedFillsNobodyFromIt() {
        for (long seed : List.of(1169L, 763L)) { // The leader is the wrong one, and the right one.
            assertThat(Simulation.run(seed).counts()).containsKey("difference left to a person");
        }
    }

    /** The simulation took a crash at a start, amid the end of an installation that an earlier crash had cut off, for a bug. */
    @Test
    void aServerMayCrashAsItStarts() {
        assertThat(Simulation.run(3320).counts()).containsKey("crash amid a start");
    }

    /** It made a voter that was well a learner, and the disk of one of the two that were left was lost. */
    @Test
    void aLateMessageFromADiskOfThePastCostsNoVoter() {
        Simulation.run(4359);
    }

    /** Confirming a read took longer than asking for it again, and only the last attempt's answer was taken. */
    @Test
    void readsAreServedOnANetworkSlowerThanTheirRetries() {
        Simulation.run(8);
    }
}

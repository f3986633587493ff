package io.balsa.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Tests that never saw a bug prove little: every planted one is caught, by what is meant to catch it. */
class BugZooTest {
    private static final List<String> TABLE = new ArrayList<>();

    @TestFactory
    Stream<DynamicTest> everyPlantedBugIsCaught() {
        return BugZoo.all().stream().map(bug -> DynamicTest.dynamicTest(bug.name(), () -> hunt(bug)));
    }

    private static void hunt(Bug bug) throws Exception {
        BugHunt.Catch caught = new BugHunt(bug, Runtime.getRuntime().availableProcessors()).run();
        if (caught == null) {
            throw new AssertionError("'" + bug + "' got away: neither " + bug.properties()
                    + " nor anything else within " + bug.seedsMax() + " seeds");
        }
        assertThat(bug.properties())
                .as("'%s' was caught, but by %s: %s", bug, caught.by(), caught.message())
                .contains(caught.by());
        String seed = bug.seedsMax() == 0
                ? ""
                : bug.seedsMax() == 1 ? "seed " + caught.seed() : caught.seed() + " of " + bug.seedsMax();
        TABLE.add("| " + bug.name() + " | " + bug.rows() + " | " + caught.by() + " | " + seed + " |");
    }

    @Test
    void namesAreUnique() {
        assertThat(BugZoo.all().stream().map(Bug::name)).doesNotHaveDuplicates();
    }

    @AfterAll
    static void printTheTable() {
        System.out.println("| planted bug | row | caught by | seed |\n|---|---|---|---|");
        TABLE.forEach(System.out::println);
    }
}

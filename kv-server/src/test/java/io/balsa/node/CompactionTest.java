package io.balsa.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class CompactionTest {
    private static final long NONE = Long.MAX_VALUE;
    private final Compaction compaction = new Compaction(new Compaction.Limits(100, 10_000, 40_000, 1_600, 20, 50_000));

    private long through(long tick, long anchor, long last, long bytes, long checkpoint, long needed) {
        return compaction.through(tick, new Compaction.Log(anchor, last, bytes, 0, checkpoint, needed));
    }

    @Test
    void aSmallAndYoungLogIsKept() {
        assertThat(through(0, 0, 100, 10_000, 100, NONE)).isZero();
        assertThat(through(1_599, 0, 100, 10_000, 100, NONE)).isZero();
    }

    @Test
    void tooManyEntriesAreCutDownToTheTail() {
        assertThat(through(0, 0, 101, 1_000, 101, NONE)).isEqualTo(81);
        assertThat(through(0, 500, 601, 1_000, 601, NONE)).isEqualTo(581);
    }

    @Test
    void tooManyBytesAreCutAndTheTailTakesHalfOfThemAtMost() {
        assertThat(through(0, 0, 50, 10_001, 50, NONE)).isEqualTo(30);
        assertThat(through(0, 0, 50, 40_000, 50, NONE)).isEqualTo(44);
    }

    @Test
    void aLogIsCutWhenItIsLargerThanTheState() {
        assertThat(throughBeside(20_000, 20_000)).isZero();
        assertThat(throughBeside(20_000, 19_999)).isEqualTo(30);
        assertThat(throughBeside(39_000, 12_000)).as("half of 12,000 bytes").isEqualTo(43);
        assertThat(throughBeside(40_000, Long.MAX_VALUE)).isZero();
        assertThat(throughBeside(40_001, Long.MAX_VALUE)).isEqualTo(30);
    }

    /** How much is cut of 50 entries that take {@code bytes}. */
    private long throughBeside(long bytes, long stateBytes) {
        return compaction.through(0, new Compaction.Log(0, 50, bytes, stateBytes, 50, NONE));
    }

    @Test
    void neverBeyondTheCheckpoint() {
        assertThat(through(0, 10, 1_000, 20_000, 60, NONE)).isEqualTo(60);
        assertThat(through(0, 60, 1_000, 20_000, 60, NONE)).isEqualTo(60);
    }

    @Test
    void entriesThatAreTooOldAreCutButForTheTail() {
        assertThat(through(0, 0, 50, 100, 90, NONE)).isZero();
        assertThat(through(800, 0, 70, 100, 90, NONE)).isZero();
        assertThat(through(1_600, 0, 90, 100, 90, NONE)).isEqualTo(50);
        assertThat(through(2_400, 50, 90, 100, 90, NONE)).isEqualTo(70);
        assertThat(through(9_999, 70, 90, 100, 90, NONE)).as("the tail stays").isEqualTo(70);
    }

    @Test
    void aFollowerThatAnswersHoldsTheLogUpToALimit() {
        assertThat(through(0, 0, 400, 50_000, 400, 7)).isEqualTo(7);
        assertThat(through(0, 0, 400, 50_001, 400, 7)).isGreaterThan(300);
    }

    @Test
    void limitsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> new Compaction.Limits(0, 1, 1, 100, 0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least 1 entry");
        assertThatThrownBy(() -> new Compaction.Limits(1, 10, 10, 100, 0, 9))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Compaction.Limits(1, 10, 9, 100, 0, 10))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

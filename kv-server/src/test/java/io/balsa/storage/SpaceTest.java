package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.node.Shortage;
import io.balsa.raft.NodeId;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SpaceTest {
    private static final long MAP_BYTES = 1L << 30;
    private static final Space.Limits LIMITS = new Space.Limits(1_000, 400);

    private static @Nullable Shortage judge(long state, long reusable, long free, @Nullable Shortage before) {
        return Space.judge(new Space.Measure(state, reusable, free), LIMITS, before);
    }

    @Test
    void aQuotaClearsByDeletesAloneAndNotAtOnce() {
        assertThat(judge(1_000, 0, 5_000, null)).isNull();
        Shortage over = judge(1_001, 0, 5_000, null);
        assertThat(over).isEqualTo(new Shortage(Shortage.Kind.QUOTA, 1_000, 1_001));
        assertThat(judge(950, 51, 5_000, over)).isNotNull();
        assertThat(judge(950, 51, 5_000, null)).isNull();
        assertThat(judge(900, 101, 5_000, over)).isNull();
    }

    @Test
    void aFullDiskClearsWhenThereIsRoomOnItOrInTheFiles() {
        assertThat(judge(500, 0, 400, null)).isNull();
        Shortage full = judge(500, 0, 399, null);
        assertThat(full).isEqualTo(new Shortage(Shortage.Kind.DISK, 400, 399));
        assertThat(judge(500, 0, 439, full)).isNotNull();
        assertThat(judge(500, 0, 440, full)).isNull();
        assertThat(judge(400, 100, 399, full)).isNull();
    }

    @Test
    void roomInTheFilesIsNotEnoughForTheLog() {
        assertThat(judge(500, 5_000, 100, null)).isNull();
        Shortage bare = judge(500, 5_000, 99, null);
        assertThat(bare).isEqualTo(new Shortage(Shortage.Kind.DISK, 100, 99));
        assertThat(judge(500, 5_000, 105, bare)).isNotNull();
        assertThat(judge(500, 5_000, 110, bare)).isNull();
    }

    @Test
    void theReserveIsMadeWhereThereIsPlentyAndGivenUpWhereThereIsNot(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("reserve");
        Reserve reserve = new Reserve(file);
        reserve.keep(Reserve.BYTES, 0);
        assertThat(file).doesNotExist();
        reserve.keep(100 << 20, 64 << 20);
        assertThat(Files.size(file)).isEqualTo(Reserve.BYTES);
        reserve.keep(Reserve.BYTES, 64 << 20);
        assertThat(file).exists();
        reserve.keep(Reserve.BYTES - 1, 64 << 20);
        assertThat(file).doesNotExist();
    }

    @Test
    void freedPagesCountAsRoom(@TempDir Path parent) {
        try (DataDirectory directory = DataDirectory.open(parent, "space", new NodeId(1));
                LmdbLog log = LmdbLog.open(directory, MAP_BYTES, CommitObserver.NONE)) {
            changeAll(directory, 1, new byte[10_000]);
            long full;
            try (LmdbState state = openState(directory)) {
                full = state.liveBytes();
                assertThat(full).isGreaterThan(2_000_000);
                Space space = new Space(directory, log, state, new Space.Limits(full - 1, 1));
                space.measure();
                assertThat(space.shortage()).isEqualTo(new Shortage(Shortage.Kind.QUOTA, full - 1, full));
            }
            changeAll(directory, 2, null);
            try (LmdbState state = openState(directory)) {
                Space space = new Space(directory, log, state, new Space.Limits(full - 1, 1));
                space.measure();
                assertThat(space.shortage()).isNull();
                assertThat(state.liveBytes()).isLessThan(full / 2);
                assertThat(state.usedBytes()).isGreaterThanOrEqualTo(full);
            }
        }
    }

    private static LmdbState openState(DataDirectory directory) {
        return LmdbState.open(directory, MAP_BYTES, 1 << 20, nanos -> {});
    }

    /** @param value null: all are removed */
    private static void changeAll(DataDirectory directory, long index, byte @Nullable [] value) {
        try (LmdbState state = openState(directory)) {
            for (int i = 0; i < 200; i++) {
                byte[] key = ("key" + i).getBytes(StandardCharsets.UTF_8);
                if (value == null) {
                    state.remove(key);
                } else {
                    state.put(key, value);
                }
            }
            state.applied(index);
        }
    }
}

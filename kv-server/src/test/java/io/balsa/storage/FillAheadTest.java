package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FillAheadTest {
    private static final long AHEAD_BYTES = 2 << 20;
    private static final long USED_BYTES = 100 << 10;

    @TempDir
    Path directory;

    @Test
    void itFillsTheWantedDistanceAheadAndNoMore() throws IOException {
        Path path = directory.resolve("log");
        try (FillAhead fill = new FillAhead(path, file(path), AHEAD_BYTES, () -> 0)) {
            fill.fillFirst(USED_BYTES);
            long filled = path.toFile().length();
            assertThat(filled).isBetween(USED_BYTES + AHEAD_BYTES, USED_BYTES + AHEAD_BYTES + (1 << 20));
            fill.ahead(USED_BYTES);
            assertThat(path.toFile()).hasSize(filled);
        }
    }

    @Test
    void aStartWaitsForTheFirstPartOnly() throws IOException {
        Path path = directory.resolve("log");
        try (FillAhead fill = new FillAhead(path, file(path), 16 << 20, () -> 0)) {
            fill.fillFirst(USED_BYTES);
            assertThat(path.toFile().length()).isBetween(USED_BYTES + (4L << 20), 5L << 20);
            for (int commit = 0; commit < 30; commit++) {
                fill.ahead(USED_BYTES);
            }
            assertThat(path.toFile().length()).isBetween(USED_BYTES + (16L << 20), 17L << 20);
        }
    }

    /** A disk that was full is not full for ever, and the next time the deletes need what was filled again. */
    @Test
    void afterAFullDiskItFillsAgain() throws IOException {
        AtomicLong nanos = new AtomicLong();
        Path path = directory.resolve("log");
        FullAtTimes file = new FullAtTimes(file(path));
        try (FillAhead fill = new FillAhead(path, file, AHEAD_BYTES, nanos::get)) {
            file.full = true;
            fill.fillFirst(USED_BYTES);
            fill.ahead(USED_BYTES);
            assertThat(path.toFile()).hasSize(0);
            file.full = false;
            int asked = file.writes;
            fill.ahead(USED_BYTES);
            assertThat(file.writes)
                    .as("a full disk is not asked at each commit")
                    .isEqualTo(asked);
            nanos.addAndGet(1_000_000_000);
            for (int commit = 0; commit < 10; commit++) {
                fill.ahead(USED_BYTES);
            }
            assertThat(path.toFile().length()).isGreaterThanOrEqualTo(USED_BYTES + AHEAD_BYTES);
        }
    }

    private static FileChannel file(Path path) throws IOException {
        return FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }
}

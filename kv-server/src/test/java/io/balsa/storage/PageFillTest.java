package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageFillTest {
    private static final int PAGE_BYTES = Environments.PAGE_BYTES;

    @TempDir
    Path directory;

    private Path path;

    @BeforeEach
    void aFileOfTwoPages() throws IOException {
        path = directory.resolve("state");
        write(2);
    }

    @Test
    void itFillsAsMuchAsTheTransactionBeforeLengthenedTheFile() throws IOException {
        try (PageFill fill = PageFill.open(path, pages(2))) {
            fill.beforeTransaction(pages(2));
            assertThat(path.toFile()).as("nothing is known yet").hasSize(pages(2));
            write(5);
            fill.beforeTransaction(pages(5));
            assertThat(path.toFile()).hasSize(pages(8));
            fill.beforeTransaction(pages(5));
            assertThat(path.toFile()).as("a transaction that took freed pages").hasSize(pages(8));
        }
    }

    @Test
    void itNeverTouchesAPageThatIsUsed() throws IOException {
        try (PageFill fill = PageFill.open(path, pages(2))) {
            write(5);
            fill.beforeTransaction(pages(5));
            assertUsedThenZeros(5, 8);
            write(7);
            fill.beforeTransaction(pages(7));
            assertUsedThenZeros(7, 9);
        }
    }

    private void assertUsedThenZeros(int used, int all) throws IOException {
        byte[] file = Files.readAllBytes(path);
        assertThat(file).hasSize((int) pages(all));
        assertThat(Arrays.copyOf(file, (int) pages(used))).containsOnly(1);
        assertThat(Arrays.copyOfRange(file, (int) pages(used), file.length)).containsOnly(0);
    }

    /** What LMDB does: it writes its pages over what is there. */
    private void write(int pages) throws IOException {
        byte[] used = new byte[(int) pages(pages)];
        Arrays.fill(used, (byte) 1);
        byte[] present = Files.exists(path) ? Files.readAllBytes(path) : used;
        byte[] written = Arrays.copyOf(present, Math.max(present.length, used.length));
        System.arraycopy(used, 0, written, 0, used.length);
        Files.write(path, written);
    }

    private static long pages(int count) {
        return (long) count * PAGE_BYTES;
    }
}

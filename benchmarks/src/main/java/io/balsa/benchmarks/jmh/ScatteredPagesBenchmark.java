package io.balsa.benchmarks.jmh;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What a checkpoint of a large state does to the disk, without LMDB: pages all over a file, in the order of the file, and one
 * flush. With 10⁷ keys the changes of a checkpoint, some 22,000, touch some 31,000 pages. {@code -t 3} is three servers on one
 * disk, each with a file of its own; {@code balsa.benchmarks.dir} says where.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class ScatteredPagesBenchmark {
    private static final int PAGES = 31_000;
    private static final int PAGE_BYTES = 4096;
    private static final int FILE_PAGES = 1 << 19;

    private final SplittableRandom random = new SplittableRandom();
    private final ByteBuffer page = ByteBuffer.allocateDirect(PAGE_BYTES);
    private final long[] numbers = new long[PAGES];
    private Path directory = Path.of(".");
    private @Nullable FileChannel file;

    @Setup
    public void fill() throws IOException {
        directory = TemporaryDirectory.create();
        FileChannel opened =
                FileChannel.open(directory.resolve("pages"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        file = opened;
        for (long number = 0; number < FILE_PAGES; number++) {
            opened.write(page.clear(), number * PAGE_BYTES); // Page by page, as the state's file is lengthened.
        }
        opened.force(true);
    }

    @TearDown
    public void delete() throws IOException {
        if (file != null) {
            file.close();
        }
        TemporaryDirectory.delete(directory);
    }

    @Benchmark
    public long writeAndFlush() throws IOException {
        FileChannel open = file;
        if (open == null) {
            throw new IllegalStateException("not open");
        }
        for (int i = 0; i < PAGES; i++) {
            numbers[i] = random.nextInt(FILE_PAGES);
        }
        Arrays.sort(numbers);
        page.putLong(0, random.nextLong());
        for (long number : numbers) {
            open.write(page.clear(), number * PAGE_BYTES);
        }
        open.force(false);
        return numbers[0];
    }
}

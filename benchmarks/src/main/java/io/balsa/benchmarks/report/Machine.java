package io.balsa.benchmarks.report;

import io.balsa.benchmarks.cluster.Shell;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;

/** What the numbers were measured on. */
public final class Machine {
    private static final int FLUSHES = 200;
    private static final int BLOCK_BYTES = 4096;
    private static final double GIB = 1024.0 * 1024 * 1024;

    private Machine() {}

    /** Lines for the report, the disk being that of {@code work}. Takes a second: it measures a flush. */
    public static List<String> describe(Path work) throws IOException {
        FileStore store = Files.getFileStore(work);
        return List.of(
                "CPU: " + cpuModel() + ", " + Runtime.getRuntime().availableProcessors() + " cores",
                String.format(Locale.ROOT, "memory: %.0f GiB", memoryBytes() / GIB),
                "kernel: " + Shell.firstLine(List.of("uname", "-sr")),
                String.format(
                        Locale.ROOT,
                        "disk: %s on %s; fdatasync of one 4 KiB block of a file that does not grow: %.2f ms (median of %d)",
                        store.type(),
                        store.name(),
                        flushMillis(work),
                        FLUSHES),
                "JVM of the load generator: " + Runtime.version() + " " + System.getProperty("java.vm.name"));
    }

    private static String cpuModel() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).trim())
                .findFirst()
                .orElse("unknown");
    }

    private static double memoryBytes() throws IOException {
        String total = Files.readAllLines(Path.of("/proc/meminfo")).get(0).replaceAll("\\D", "");
        return Double.parseDouble(total) * 1024;
    }

    private static double flushMillis(Path work) throws IOException {
        Path file = Files.createTempFile(work, "flush", ".bin");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
            for (int i = 0; i < FLUSHES; i++) {
                channel.write(block.clear(), (long) i * BLOCK_BYTES);
            }
            channel.force(true);
            double[] millis = new double[FLUSHES];
            for (int i = 0; i < FLUSHES; i++) {
                channel.write(block.clear(), (long) i * BLOCK_BYTES);
                long begin = System.nanoTime();
                channel.force(false);
                millis[i] = (System.nanoTime() - begin) / 1e6;
            }
            java.util.Arrays.sort(millis);
            return millis[FLUSHES / 2];
        } finally {
            Files.deleteIfExists(file);
        }
    }
}

package io.balsa.benchmarks.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Directories for benchmarks, below {@code balsa.benchmarks.dir}: {@code /tmp} may be memory. */
final class TemporaryDirectory {
    private TemporaryDirectory() {}

    static Path create() throws IOException {
        Path parent = Path.of(System.getProperty("balsa.benchmarks.dir", ".")).toAbsolutePath();
        return Files.createTempDirectory(parent, "jmh-");
    }

    static void delete(Path directory) throws IOException {
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(directory)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.delete(path);
        }
    }
}

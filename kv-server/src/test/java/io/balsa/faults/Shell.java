package io.balsa.faults;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Runs the system's own tools. */
final class Shell {
    private Shell() {}

    /** Its output, without the last line's end. Throws with what it said when it exits with anything but 0. */
    static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int exit = process.waitFor();
        if (exit != 0) {
            throw new IOException(
                    String.join(" ", command) + ": exit code " + exit + (said.isEmpty() ? "" : ": " + said));
        }
        return said;
    }

    /** Whether it exits with 0. */
    static boolean succeeds(String... command) throws InterruptedException {
        try {
            run(command);
            return true;
        } catch (IOException failed) {
            return false;
        }
    }

    /** Whether there is such a command. */
    static boolean has(String command) {
        String path = System.getenv().getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        return Stream.concat(Stream.of(path.split(":", -1)), List.of("/usr/sbin", "/sbin").stream())
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
    }
}

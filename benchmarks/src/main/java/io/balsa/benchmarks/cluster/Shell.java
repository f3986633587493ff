package io.balsa.benchmarks.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Short commands whose output is wanted. */
public final class Shell {
    private static final long TIMEOUT_SECONDS = 20;

    private Shell() {}

    /** Whether a command of this name is on the PATH. */
    public static boolean has(String command) {
        for (String directory : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
            if (Files.isExecutable(Path.of(directory, command))) {
                return true;
            }
        }
        return false;
    }

    /** The first line that the command prints; "" when there is none, or no such command. */
    public static String firstLine(List<String> command) {
        return output(command).lines().findFirst().orElse("").trim();
    }

    /** All that the command prints, errors too; "" when there is no such command. */
    public static String output(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            return output;
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}

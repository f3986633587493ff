package io.balsa.storage;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A test's second process, for what would end the first one: a kill, or damage that crashes the JVM. */
final class ChildJvm {
    private ChildJvm() {}

    /** Starts {@code main} with this JVM's class path; its errors go where the test's go. */
    static Process start(Class<?> main, List<String> args) throws IOException {
        return start(List.of(), main, args);
    }

    /** The same, as a child of a command that ends with the command to run. */
    static Process start(List<String> prefix, Class<?> main, List<String> args) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=/dev/null",
                "-Xmx256m",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(args);
        return new ProcessBuilder(command)
                .redirectErrorStream(false)
                .redirectError(ProcessBuilder.Redirect.to(new File("/dev/null")))
                .start();
    }

    static BufferedReader lines(Process process) {
        return process.inputReader(StandardCharsets.UTF_8);
    }
}

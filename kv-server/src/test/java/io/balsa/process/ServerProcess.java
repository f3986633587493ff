package io.balsa.process;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One server of a {@link ProcessCluster}: its place on disk and on the network, and the process while there is one. */
public final class ServerProcess {
    private static final long EXIT_SECONDS_MAX = 20;

    private final String id;
    private final URI http;
    private final List<String> command;
    private final File log;
    private @Nullable Process process;

    /** @param arguments of {@code balsa server} */
    ServerProcess(String id, int httpPort, List<String> arguments, Path log) {
        this(id, httpPort, java(), arguments, log);
    }

    /**
     * Not started yet.
     *
     * @param java what runs {@code balsa}, without its arguments
     * @param arguments of {@code balsa server}
     * @param log where its output is appended
     */
    public ServerProcess(String id, int httpPort, List<String> java, List<String> arguments, Path log) {
        this.id = id;
        this.http = URI.create("http://127.0.0.1:" + httpPort);
        this.command = command(java, "server", arguments);
        this.log = log.toFile();
    }

    private static List<String> command(List<String> java, String subcommand, List<String> arguments) {
        List<String> command = new ArrayList<>(java);
        command.add(subcommand);
        command.addAll(arguments);
        return command;
    }

    /** What {@code balsa COMMAND} printed, and how it ended. */
    record Run(int exit, String output) {}

    static Run balsa(String subcommand, List<String> arguments) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command(java(), subcommand, arguments))
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Run(process.waitFor(), output);
    }

    /** The classes under test. */
    private static List<String> java() {
        String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(element -> !element.endsWith("test-classes"))
                .collect(java.util.stream.Collectors.joining(File.pathSeparator));
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                classPath,
                "io.balsa.Main");
    }

    /** What it has logged so far. */
    String logged() throws IOException {
        return Files.readString(log.toPath());
    }

    public String id() {
        return id;
    }

    /** Where its HTTP API is. */
    public URI http() {
        return http;
    }

    public void start() throws IOException {
        if (isAlive()) {
            throw new IllegalStateException(id + " is running already");
        }
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                .start();
    }

    public boolean isAlive() {
        return process != null && process.isAlive();
    }

    /** Of the process that was started last. */
    public long pid() {
        return running().pid();
    }

    /** SIGKILL; returns when the process is gone. */
    public void kill() {
        running().destroyForcibly();
        awaitExit();
    }

    /** SIGKILL, without waiting. */
    public void killSoon() {
        running().destroyForcibly();
    }

    /** SIGTERM; returns the exit code. */
    public int terminate() {
        running().destroy();
        return awaitExit();
    }

    /** SIGSTOP. */
    public void pause() {
        signal("STOP");
    }

    /** SIGCONT. */
    public void resume() {
        signal("CONT");
    }

    public int awaitExit() {
        Process ending = running();
        try {
            if (!ending.waitFor(EXIT_SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new AssertionError(id + " did not end within " + EXIT_SECONDS_MAX + " s; see " + log);
            }
            return ending.exitValue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        }
    }

    private void signal(String name) {
        try {
            int exit = new ProcessBuilder(
                            "kill", "-" + name, String.valueOf(running().pid()))
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new AssertionError("kill -" + name + " " + id + " failed: " + exit);
            }
        } catch (IOException failed) {
            throw new AssertionError(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        }
    }

    private Process running() {
        return Objects.requireNonNull(process, id + " was never started");
    }

    @Override
    public String toString() {
        return id + " (log: " + log + ")";
    }
}

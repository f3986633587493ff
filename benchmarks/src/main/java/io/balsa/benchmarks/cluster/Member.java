package io.balsa.benchmarks.cluster;

import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One server process. Of one thread, besides the hook that ends it with this JVM. */
final class Member {
    private static final long EXIT_SECONDS = 10;

    final Address address;
    private final List<String> command;
    private volatile @Nullable Process process;

    Member(Address address, List<String> command) {
        this.address = address;
        this.command = command;
    }

    void start() throws IOException {
        File log = address.directory().resolve("log").toFile();
        process = new ProcessBuilder(command)
                .directory(address.directory().toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                .start();
    }

    boolean isAlive() {
        Process running = process;
        return running != null && running.isAlive();
    }

    Usage usage() throws IOException {
        Process running = process;
        return running == null || !running.isAlive() ? Usage.NONE : Usage.of(running.pid());
    }

    /** kill -9, and waits until the process is gone. Works on a paused process too. */
    void kill() throws InterruptedException {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            running.waitFor(EXIT_SECONDS, TimeUnit.SECONDS);
        }
    }

    void pause() throws IOException, InterruptedException {
        signal("-STOP");
    }

    void resume() throws IOException, InterruptedException {
        signal("-CONT");
    }

    private void signal(String signal) throws IOException, InterruptedException {
        Process running = process;
        if (running == null) {
            throw new IllegalStateException("never started");
        }
        Process kill = new ProcessBuilder("kill", signal, Long.toString(running.pid())).start();
        if (kill.waitFor() != 0) {
            throw new IOException("kill " + signal + " " + running.pid() + " failed");
        }
    }
}

package io.balsa.faults;

import io.balsa.process.ServerProcess;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The leader's disk reports an error: it must halt with a message, and the others go on. */
final class FailingDisk implements Scenario {
    /** What fails. */
    enum Cause {
        IO_ERROR,
        READ_ONLY
    }

    /** Not one can be written any more, but what was proposed counts for a moment. */
    private static final int ENTRIES_MAX = 100;

    private final Cause cause;

    FailingDisk(Cause cause) {
        this.cause = cause;
    }

    @Override
    public String name() {
        return cause == Cause.IO_ERROR ? "io-error" : "read-only";
    }

    @Override
    public String story() {
        return cause == Cause.IO_ERROR
                ? "the leader's flushes, or its writes, fail with EIO (strace): it halts with a message"
                : "an error makes the leader's file system read-only: it halts with a message";
    }

    @Override
    public List<String> tools() {
        return cause == Cause.IO_ERROR ? List.of("strace") : List.of("e2fsck");
    }

    @Override
    public Plant control() {
        return Plant.GOES_ON;
    }

    @Override
    public String controlSays() {
        return "goes on: ";
    }

    @Override
    public void round(Trial trial, int number) throws IOException, InterruptedException {
        Cluster cluster = trial.cluster();
        trial.load().awaitAcknowledged(50);
        ServerProcess leader = cluster.awaitLeader();
        SickServer sick = new SickServer(trial, leader);
        if (cause == Cause.IO_ERROR) {
            Process tracer = inject(leader, number % 2 == 0 ? "fdatasync" : "pwrite64");
            try {
                react(trial, leader, sick, () -> {});
            } finally {
                tracer.destroy();
                tracer.waitFor(10, TimeUnit.SECONDS);
            }
        } else {
            react(trial, leader, sick, cluster.disk(leader)::becomeReadOnly);
        }
        if (leader.isAlive()) {
            leader.kill();
        }
        if (cause == Cause.READ_ONLY) {
            cluster.disk(leader).repair();
        }
        cluster.startAll();
        trial.load().awaitAcknowledged(50);
    }

    private static void react(Trial trial, ServerProcess leader, SickServer sick, Trial.Fault fault)
            throws IOException, InterruptedException {
        if (trial.isControl()) {
            fault.strike();
        } else {
            trial.strikeAndMeasure(trial.cluster().othersThan(leader), () -> {
                fault.strike();
                Cluster.comesTrue(10_000_000_000L, () -> !leader.isAlive());
            });
        }
        sick.awaitReaction(false, ENTRIES_MAX);
    }

    /** From now on the system call fails in that process. */
    private static Process inject(ServerProcess server, String call) throws IOException {
        return new ProcessBuilder(
                        "strace",
                        "-f",
                        "-qq",
                        "-o",
                        "/dev/null",
                        "-p",
                        String.valueOf(server.pid()),
                        "-e",
                        "trace=" + call,
                        "-e",
                        "inject=" + call + ":error=EIO")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}

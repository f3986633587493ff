package io.balsa.faults;

import io.balsa.process.ServerProcess;
import java.io.IOException;
import java.util.List;

/** Watches what a server does whose disk has failed. */
final class SickServer {
    private static final int EXIT_HALTED = 70;
    private static final long STANDS_STILL_NANOS = 4_000_000_000L;

    /** Longer than the client waits for an answer: a load that hangs at the server may be all that writes to it. */
    private static final long REACTS_NANOS_MAX = 30_000_000_000L;

    private static final long ARRIVES_NANOS_MAX = 3_000_000_000L;

    private final Trial trial;
    private final ServerProcess server;
    private final int refusedBefore;
    private final int loggedBefore;
    private long index;
    private long indexSinceNanos;
    private long othersIndex;

    /** Watches from now on. */
    SickServer(Trial trial, ServerProcess server) throws IOException {
        this.trial = trial;
        this.server = server;
        this.refusedBefore = trial.cluster().kv().refusals("space_quota");
        this.loggedBefore = trial.cluster().log(server).length();
    }

    /** What it has printed since. */
    String printed() throws IOException {
        return trial.cluster().log(server).substring(loggedBefore);
    }

    /**
     * Waits until it has reacted, and counts how. Right are: it halts with a message; where {@code mayRefuse}, also that
     * writes are refused for lack of space, or that it takes nothing more while the others do.
     *
     * @param entriesMax what its log may still grow by
     */
    void awaitReaction(boolean mayRefuse, int entriesMax) throws IOException, InterruptedException {
        standsStill();
        // Until the fault has surely arrived.
        Cluster.comesTrue(ARRIVES_NANOS_MAX, () -> !server.isAlive());
        long last = trial.cluster().lastLogIndex(server) + entriesMax;
        boolean ended = Cluster.comesTrue(
                REACTS_NANOS_MAX,
                () -> !server.isAlive()
                        || (mayRefuse && refuses())
                        || trial.cluster().lastLogIndex(server) > last);
        if (!ended || trial.cluster().lastLogIndex(server) > last) {
            trial.history().violation("goes on: " + server + " serves as if its disk had not failed");
        } else if (server.isAlive()) {
            trial.saw(
                    trial.cluster().kv().refusals("space_quota") > refusedBefore
                            ? "disk faults: writes refused with space_quota"
                            : "disk faults: the server took nothing more");
        } else {
            int exit = server.awaitExit();
            if (exit != EXIT_HALTED || !printed().contains(" halts, its disk failed")) {
                trial.history().violation("no message: " + server + " ended with exit code " + exit);
            }
            trial.saw("disk faults: the server halted with a message");
        }
    }

    private boolean refuses() {
        return trial.cluster().kv().refusals("space_quota") > refusedBefore || standsStill();
    }

    /** Whether its log has not grown for a while, though the others' has. */
    private boolean standsStill() {
        long now = System.nanoTime();
        long found = trial.cluster().lastLogIndex(server);
        List<ServerProcess> others = trial.cluster().othersThan(server);
        long othersNow =
                others.stream().mapToLong(trial.cluster()::lastLogIndex).max().orElse(-1);
        if (found != index || indexSinceNanos == 0) {
            index = found;
            indexSinceNanos = now;
            othersIndex = othersNow;
        }
        return now - indexSinceNanos > STANDS_STILL_NANOS && othersNow > Math.max(othersIndex, index);
    }
}

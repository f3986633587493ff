package io.balsa.faults;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.balsa.faults.History.Register;
import io.balsa.faults.Load.Read;
import io.balsa.process.KvHttp;
import io.balsa.process.ServerProcess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** The leader stops without a word, another one takes over, and then the first one is asked as it wakes. */
final class SilentLeader implements Scenario {
    private static final int READS = 16;
    private static final int WRITES_BETWEEN = 30;

    /** Of each: to take all of them in must last longer than to read one request. */
    private static final int BYTES_BETWEEN = 128 << 10;

    /** Why it is silent. */
    enum Cause {
        PAUSED,
        FROZEN
    }

    private final Cause cause;

    SilentLeader(Cause cause) {
        this.cause = cause;
    }

    @Override
    public String name() {
        return cause.name().toLowerCase(Locale.ROOT) + "-leader";
    }

    @Override
    public String story() {
        return cause == Cause.PAUSED
                ? "the leader's process is stopped (SIGSTOP), and asked as it wakes"
                : "the leader's file system is frozen (fsfreeze), and the leader asked as it thaws";
    }

    @Override
    public List<String> tools() {
        return cause == Cause.PAUSED ? List.of() : List.of("fsfreeze");
    }

    @Override
    public Plant control() {
        return Plant.LOCAL_READS;
    }

    @Override
    public String controlSays() {
        return "waking";
    }

    @Override
    public void round(Trial trial, int number) throws IOException, InterruptedException {
        Cluster cluster = trial.cluster();
        trial.load().awaitAcknowledged(50);
        ServerProcess old = cluster.awaitLeader();
        List<ServerProcess> others = cluster.othersThan(old);
        Register register = trial.written(cluster.servers());
        warm(trial, register, old);
        try {
            trial.strikeAndMeasure(others, () -> stop(cluster, old));
            ServerProcess successor = cluster.awaitLeader(others);
            // What is behind all this does not reach the old leader's state with the first message that it sees on
            // waking.
            // Small ones were not enough: with busy cores it had once caught up before it saw the first of the reads.
            for (int i = 0; i < WRITES_BETWEEN; i++) {
                trial.written(List.of(successor), BYTES_BETWEEN);
            }
            writeAgain(trial, register, successor);
            List<CompletableFuture<Read>> reads = new ArrayList<>();
            for (int i = 0; i < READS; i++) {
                reads.add(Load.readLater(cluster.kv(), register, old));
            }
            wake(cluster, old);
            for (CompletableFuture<Read> read : reads) {
                if (is(trial, read, Read.WRONG)) {
                    trial.history().violation("stale on waking: " + old + " led before " + successor.id());
                }
            }
        } finally {
            wake(cluster, old);
        }
        cluster.startAll();
        trial.load().awaitAcknowledged(50);
    }

    private void stop(Cluster cluster, ServerProcess server) throws IOException, InterruptedException {
        if (cause == Cause.PAUSED) {
            server.pause();
        } else {
            cluster.disk(server).freeze();
        }
    }

    private void wake(Cluster cluster, ServerProcess server) throws IOException, InterruptedException {
        if (cause == Cause.PAUSED) {
            server.resume();
        } else {
            cluster.disk(server).thaw();
        }
    }

    /** A second write, acknowledged, or seen by a read when its own answer said nothing. */
    private static void writeAgain(Trial trial, Register register, ServerProcess server) throws InterruptedException {
        KvHttp kv = trial.cluster().kv();
        Cluster.await("a second write of the key", () -> {
            if (register.isOpen()) {
                register.wrote(kv.put(server.http(), register.key(), register.write()));
            } else {
                is(trial, Load.readLater(kv, register, server), Read.RIGHT);
            }
            return register.floor() == 2;
        });
    }

    /** Opens the connections on which the leader will be asked: what comes on them is the first that it sees. */
    private static void warm(Trial trial, Register register, ServerProcess server) throws InterruptedException {
        List<CompletableFuture<Read>> reads = new ArrayList<>();
        for (int i = 0; i < READS; i++) {
            reads.add(Load.readLater(trial.cluster().kv(), register, server));
        }
        for (CompletableFuture<Read> read : reads) {
            is(trial, read, Read.RIGHT);
        }
    }

    @CanIgnoreReturnValue
    private static boolean is(Trial trial, CompletableFuture<Read> read, Read expected) throws InterruptedException {
        try {
            Read found = read.get();
            trial.saw("pointed reads " + found.name().toLowerCase(Locale.ROOT));
            return found == expected;
        } catch (ExecutionException noAnswer) {
            trial.saw("pointed reads without an answer");
            return false;
        }
    }
}

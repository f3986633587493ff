package io.balsa.faults;

import io.balsa.faults.History.Register;
import io.balsa.process.KvHttp;
import io.balsa.process.KvHttp.Answer;
import io.balsa.process.KvHttp.Outcome;
import io.balsa.process.ServerProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Threads that write, each its own keys, and threads that read what is being written, at any server. */
final class Load implements AutoCloseable {
    private static final int WRITERS = 4;
    private static final int READERS = 2;

    /** Few enough that many keys are written, and enough that a key has a history. */
    private static final int WRITES_A_KEY_MAX = 40;

    private static final int READ_AMONG_KEYS = 200;

    /** Not to fill the disks while nothing is learnt from it, and no spin at a server that refuses. */
    private static final long PAUSE_NANOS = 2_000_000;

    private final KvHttp kv;
    private final History history;
    private final List<ServerProcess> servers;
    private final int valueBytes;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stopped;

    private Load(KvHttp kv, History history, List<ServerProcess> servers, int valueBytes) {
        this.kv = kv;
        this.history = history;
        this.servers = servers;
        this.valueBytes = valueBytes;
    }

    static Load start(KvHttp kv, History history, List<ServerProcess> servers, int valueBytes) {
        Load load = new Load(kv, history, servers, valueBytes);
        for (int i = 0; i < WRITERS; i++) {
            load.begin("writer-" + i, load::write);
        }
        for (int i = 0; i < READERS; i++) {
            load.begin("reader-" + i, load::read);
        }
        return load;
    }

    private void begin(String name, Runnable work) {
        Thread thread = new Thread(() -> run(work), name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    private void run(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error broken) {
            failure.compareAndSet(null, broken);
        }
    }

    private ServerProcess anyServer() {
        return servers.get(ThreadLocalRandom.current().nextInt(servers.size()));
    }

    private void write() {
        while (!stopped) {
            Register register = history.begin(valueBytes);
            for (int i = 0; i < WRITES_A_KEY_MAX && register.isOpen() && !stopped; i++) {
                Outcome outcome = kv.put(anyServer().http(), register.key(), register.write());
                register.wrote(outcome);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private void read() {
        while (!stopped) {
            Register register = history.anyOfTheLast(READ_AMONG_KEYS);
            if (register != null) {
                read(kv, register, anyServer());
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private static void read(KvHttp kv, Register register, ServerProcess server) {
        try {
            readLater(kv, register, server).get();
        } catch (ExecutionException noAnswer) {
            // Which proves nothing.
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** What came of a read. */
    enum Read {
        RIGHT,
        WRONG,
        REFUSED
    }

    /** A linearizable read that is judged when it is answered; fails when it is not. */
    static CompletableFuture<Read> readLater(KvHttp kv, Register register, ServerProcess server) {
        int floor = register.floor();
        return kv.get(server.http(), register.key(), "linearizable").thenApply(answer -> {
            if (answer.status() != 200 && !isAbsent(answer)) {
                return Read.REFUSED;
            }
            boolean absent = answer.status() != 200;
            long version = absent ? 0 : Long.parseLong(answer.fields().getOrDefault("version", "-1"));
            String value = absent ? "" : answer.fields().getOrDefault("value", "");
            return register.read(server.id(), floor, version, value) ? Read.RIGHT : Read.WRONG;
        });
    }

    private static boolean isAbsent(Answer answer) {
        return answer.status() == 404 && "key_not_found".equals(answer.fields().get("code"));
    }

    /** Waits until that many more writes were acknowledged. */
    void awaitAcknowledged(int more) throws InterruptedException {
        long target = history.acknowledged() + more;
        Cluster.await(more + " more acknowledged writes", () -> {
            rethrow();
            return history.acknowledged() >= target;
        });
    }

    private void rethrow() {
        Throwable broken = failure.get();
        if (broken != null) {
            throw new AssertionError("the load failed: " + broken, broken);
        }
    }

    /** Stops, and waits for the answers that are still due. */
    void stop() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join();
        }
        rethrow();
    }

    @Override
    public void close() {
        stopped = true;
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

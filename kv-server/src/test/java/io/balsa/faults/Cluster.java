package io.balsa.faults;

import io.balsa.process.KvHttp;
import io.balsa.process.KvHttp.Item;
import io.balsa.process.Ports;
import io.balsa.process.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** Three servers, each with its data on a {@link LoopDisk} of its own, and the {@link History} of what was written to them. */
final class Cluster implements AutoCloseable {
    private static final long AWAIT_NANOS_MAX = 90_000_000_000L;

    private final Map<ServerProcess, LoopDisk> disks = new LinkedHashMap<>();
    private final Map<ServerProcess, Path> logs = new LinkedHashMap<>();
    private final KvHttp kv = new KvHttp();
    private final History history = new History();

    /**
     * Started, with a leader.
     *
     * @param work where the disks are made
     * @param logs where the servers' output goes
     * @param java what runs {@code balsa}
     */
    static Cluster start(Path work, Path logs, List<String> java, List<Cluster> opened)
            throws IOException, InterruptedException {
        Cluster cluster = new Cluster();
        opened.add(cluster); // Before anything is made, so that it is undone whatever happens.
        Map<String, Integer> ports = new TreeMap<>();
        for (String id : List.of("n1", "n2", "n3")) {
            ports.put(id, Ports.free());
        }
        String peers = ports.entrySet().stream()
                .map(peer -> peer.getKey() + "=127.0.0.1:" + peer.getValue())
                .collect(Collectors.joining(","));
        Files.createDirectories(logs);
        for (String id : ports.keySet()) {
            cluster.add(id, LoopDisk.create(work, id), ports.get(id), peers, java, logs.resolve(id + ".log"));
        }
        cluster.startAll();
        cluster.awaitLeader(cluster.servers());
        return cluster;
    }

    private void add(String id, LoopDisk disk, int raftPort, String peers, List<String> java, Path log)
            throws IOException {
        int httpPort = Ports.free();
        List<String> arguments = List.of(
                "--id",
                id,
                "--data-dir",
                disk.data().toString(),
                "--http",
                "127.0.0.1:" + httpPort,
                "--raft",
                "127.0.0.1:" + raftPort,
                "--peers",
                peers,
                "--cluster-id",
                "faults",
                "--log-map-gb",
                "2",
                "--state-map-gb",
                "2");
        Files.deleteIfExists(log);
        ServerProcess server = new ServerProcess(id, httpPort, java, arguments, log);
        disks.put(server, disk);
        logs.put(server, log);
    }

    /** Waits for what soon is so; throws AssertionError when it is not. */
    static void await(String what, Callable<Boolean> condition) throws InterruptedException {
        if (!comesTrue(AWAIT_NANOS_MAX, condition)) {
            throw new AssertionError("in vain: " + what);
        }
    }

    /** Whether it becomes true within that time. */
    static boolean comesTrue(long nanosMax, Callable<Boolean> condition) throws InterruptedException {
        long end = System.nanoTime() + nanosMax;
        try {
            while (!condition.call()) {
                if (System.nanoTime() - end > 0) {
                    return false;
                }
                Thread.sleep(5);
            }
            return true;
        } catch (InterruptedException interrupted) {
            throw interrupted;
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    KvHttp kv() {
        return kv;
    }

    History history() {
        return history;
    }

    List<ServerProcess> servers() {
        return List.copyOf(disks.keySet());
    }

    List<ServerProcess> othersThan(ServerProcess server) {
        return servers().stream().filter(other -> other != server).toList();
    }

    LoopDisk disk(ServerProcess server) {
        return Objects.requireNonNull(disks.get(server));
    }

    List<LoopDisk> disks() {
        return List.copyOf(disks.values());
    }

    /** What the server has printed since it was first started. */
    String log(ServerProcess server) throws IOException {
        return Files.readString(Objects.requireNonNull(logs.get(server)));
    }

    /** Starts those that do not run, and waits until all are ready. */
    void startAll() throws IOException, InterruptedException {
        start(servers());
    }

    /** Starts those of them that do not run, and waits until all of them are ready. */
    void start(List<ServerProcess> these) throws IOException, InterruptedException {
        for (ServerProcess server : these) {
            if (!server.isAlive()) {
                server.start();
            }
        }
        for (ServerProcess server : these) {
            await(server + " is ready", () -> {
                if (!server.isAlive()) {
                    throw new AssertionError(server + " ended with exit code " + server.awaitExit());
                }
                return kv.isReady(server.http());
            });
        }
    }

    /** The one among them that says that it leads, as soon as one does. */
    ServerProcess awaitLeader(List<ServerProcess> among) throws InterruptedException {
        List<ServerProcess> found = new ArrayList<>();
        await("a leader among " + among, () -> {
            for (ServerProcess server : among) {
                if (server.isAlive() && "leader".equals(kv.status(server.http()).get("role"))) {
                    found.add(server);
                    return true;
                }
            }
            return false;
        });
        return found.get(0);
    }

    ServerProcess awaitLeader() throws InterruptedException {
        return awaitLeader(servers());
    }

    /** The index of the server's last entry; -1 when it does not say. */
    long lastLogIndex(ServerProcess server) {
        return Long.parseLong(kv.status(server.http()).getOrDefault("lastLogIndex", "-1"));
    }

    /** Holds the content of each of them to the history. Nothing may be written meanwhile. */
    void verify(List<ServerProcess> these) throws IOException, InterruptedException {
        for (int attempt = 0; attempt < 5; attempt++) {
            String before = awaitEqual(these);
            Map<ServerProcess, Map<String, Item>> contents = new LinkedHashMap<>();
            for (ServerProcess server : these) {
                contents.put(server, kv.all(server.http(), History.PREFIX, "stale"));
            }
            // A write whose client had given up may still come in between two servers' answers.
            if (before.equals(awaitEqual(these))) {
                contents.forEach((server, content) -> history.judge(server.id(), content));
                Map<String, Item> first = contents.values().iterator().next();
                contents.forEach((server, content) -> {
                    if (!content.equals(first)) {
                        history.violation(server.id() + " holds something else than "
                                + these.get(0).id());
                    }
                });
                return;
            }
        }
        throw new AssertionError("writes go on though nobody writes");
    }

    /** Waits until they have applied all of the same log; returns how far. */
    private String awaitEqual(List<ServerProcess> these) throws InterruptedException {
        List<String> last = new ArrayList<>();
        await("the same log applied by " + these, () -> {
            last.clear();
            for (ServerProcess server : these) {
                if (!server.isAlive()) {
                    throw new AssertionError(server + " ended with exit code " + server.awaitExit());
                }
                Map<String, String> status = kv.status(server.http());
                String applied = status.get("lastApplied");
                if (applied == null || !applied.equals(status.get("lastLogIndex"))) {
                    return false;
                }
                last.add(applied + " " + status.get("revision"));
            }
            return last.stream().distinct().count() == 1;
        });
        return last.get(0);
    }

    /** Ends every process, and takes every disk away. Goes on where something fails; throws the last failure. */
    @Override
    public synchronized void close() throws IOException {
        IOException failure = null;
        for (Map.Entry<ServerProcess, LoopDisk> each : disks.entrySet()) {
            try {
                each.getValue().thaw(); // A process that waits for a frozen disk cannot be killed.
            } catch (IOException failed) {
                failure = failed;
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            if (each.getKey().isAlive()) {
                each.getKey().killSoon();
            }
        }
        for (Map.Entry<ServerProcess, LoopDisk> each : disks.entrySet()) {
            try {
                if (each.getKey().isAlive()) {
                    each.getKey().awaitExit();
                }
                each.getValue().close();
            } catch (IOException failed) {
                failure = failed;
            }
        }
        disks.clear();
        if (failure != null) {
            throw failure;
        }
    }
}

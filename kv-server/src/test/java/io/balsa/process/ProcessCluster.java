package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Servers n1, n2, … as processes of their own on 127.0.0.1. Their logs stay in {@code target/process-logs/NAME}; their data
 * goes with {@link #close}, which kills everything that was started here.
 */
final class ProcessCluster implements AutoCloseable {
    /** A JVM starts in a second or two; a busy machine with two cores takes its time. */
    private static final Duration READY_MAX = Duration.ofSeconds(60);

    private static final Duration CONVERGED_MAX = Duration.ofSeconds(60);

    private final Path data;
    private final Map<String, ServerProcess> servers = new LinkedHashMap<>();
    private final Map<String, Integer> raftPorts = new LinkedHashMap<>();
    private final String name;
    /** By dialling and dialled server. */
    private final Map<String, TcpProxy> proxies = new TreeMap<>();

    private final KvHttp kv = new KvHttp();
    private final Thread killer = new Thread(this::killAll, "kill-servers");

    private ProcessCluster(String name, int size, String preset, boolean withProxies, List<String> more)
            throws IOException {
        this.name = name;
        data = Files.createTempDirectory("balsa-" + name);
        Path logs = Files.createDirectories(Path.of("target", "process-logs", name));
        for (int i = 1; i <= size; i++) {
            raftPorts.put("n" + i, Ports.free());
        }
        for (String id : raftPorts.keySet()) {
            Path log = logs.resolve(id + ".log");
            Files.deleteIfExists(log);
            int httpPort = Ports.free();
            List<String> arguments = new ArrayList<>(List.of(
                    "--id",
                    id,
                    "--data-dir",
                    data.resolve(id).toString(),
                    "--http",
                    "127.0.0.1:" + httpPort,
                    "--raft",
                    "127.0.0.1:" + raftPorts.get(id),
                    "--peers",
                    peersOf(id, raftPorts, withProxies),
                    "--preset",
                    preset,
                    "--cluster-id",
                    name,
                    "--log-map-gb",
                    "2",
                    "--state-map-gb",
                    "2"));
            arguments.addAll(more);
            servers.put(id, new ServerProcess(id, httpPort, arguments, log));
        }
        Runtime.getRuntime().addShutdownHook(killer);
    }

    /** One more server, started: of no cluster's first servers. */
    ServerProcess startAnother(String id, String... arguments) throws IOException {
        int httpPort = Ports.free();
        if (!raftPorts.containsKey(id)) {
            raftPorts.put(id, Ports.free());
        }
        List<String> all = new ArrayList<>(List.of(
                "--id",
                id,
                "--data-dir",
                dataOf(id).toString(),
                "--http",
                "127.0.0.1:" + httpPort,
                "--raft",
                raftAddress(id),
                "--log-map-gb",
                "2",
                "--state-map-gb",
                "2"));
        all.addAll(List.of(arguments));
        Path log = Path.of("target", "process-logs", name, id + ".log");
        Files.deleteIfExists(log);
        ServerProcess server = new ServerProcess(id, httpPort, all, log);
        servers.put(id, server);
        server.start();
        return server;
    }

    /** A server that waits to be taken into this cluster. */
    ServerProcess startJoining(String id) throws IOException {
        return startAnother(id, "--join", "--cluster-id", name);
    }

    String raftAddress(String id) {
        return "127.0.0.1:" + raftPorts.get(id);
    }

    Path dataOf(String id) {
        return data.resolve(id);
    }

    /** Kills it, and counts it among the servers no more. */
    void discard(ServerProcess server) {
        server.kill();
        servers.remove(server.id());
    }

    /** Counts it among the servers no more. */
    void forget(ServerProcess server) {
        servers.remove(server.id());
    }

    /** Kills it and empties its disk. */
    void wipe(ServerProcess server) throws IOException {
        server.kill();
        delete(dataOf(server.id()));
    }

    private String peersOf(String id, Map<String, Integer> raftPorts, boolean withProxies) throws IOException {
        List<String> peers = new ArrayList<>();
        for (Map.Entry<String, Integer> peer : raftPorts.entrySet()) {
            int port = peer.getValue();
            if (withProxies && !peer.getKey().equals(id)) {
                TcpProxy proxy = new TcpProxy(Ports.free(), port);
                proxies.put(id + ">" + peer.getKey(), proxy);
                port = proxy.port();
            }
            peers.add(peer.getKey() + "=127.0.0.1:" + port);
        }
        return String.join(",", peers);
    }

    /** Started and ready, each server with these arguments of {@code balsa server} besides its own. */
    static ProcessCluster start(String name, int size, String preset, String... more) throws IOException {
        return start(name, size, preset, false, List.of(more));
    }

    /** Started and ready, with a {@link TcpProxy} on the way from each server to each other one. */
    static ProcessCluster startWithProxies(String name, int size, String preset) throws IOException {
        return start(name, size, preset, true, List.of());
    }

    private static ProcessCluster start(String name, int size, String preset, boolean withProxies, List<String> more)
            throws IOException {
        ProcessCluster cluster = new ProcessCluster(name, size, preset, withProxies, more);
        try {
            cluster.startAll();
        } catch (IOException | RuntimeException | Error failure) {
            cluster.close();
            throw failure;
        }
        return cluster;
    }

    void startAll() throws IOException {
        for (ServerProcess server : servers.values()) {
            if (!server.isAlive()) {
                server.start();
            }
        }
        for (ServerProcess server : servers.values()) {
            awaitReady(server);
        }
    }

    void awaitReady(ServerProcess server) {
        await("ready: " + server)
                .atMost(READY_MAX)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    assertThat(server.isAlive()).as("%s lives", server).isTrue();
                    return kv.isReady(server.http());
                });
    }

    ServerProcess server(String id) {
        return Objects.requireNonNull(servers.get(id), id);
    }

    List<ServerProcess> servers() {
        return List.copyOf(servers.values());
    }

    List<ServerProcess> othersThan(ServerProcess server) {
        return servers.values().stream().filter(other -> other != server).toList();
    }

    KvHttp kv() {
        return kv;
    }

    /** The server that says of itself that it leads, as soon as one of {@code among} does. */
    ServerProcess awaitLeader(List<ServerProcess> among) {
        ServerProcess[] found = new ServerProcess[1];
        await("a leader among " + among)
                .atMost(READY_MAX)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> {
                    for (ServerProcess server : among) {
                        if (server.isAlive()
                                && "leader".equals(kv.status(server.http()).get("role"))) {
                            found[0] = server;
                            return true;
                        }
                    }
                    return false;
                });
        return found[0];
    }

    ServerProcess awaitLeader() {
        return awaitLeader(servers());
    }

    /** What {@code from} sends to {@code to} no longer arrives; the answers of its transport do. */
    void cut(ServerProcess from, ServerProcess to) {
        proxy(from, to).cut(TcpProxy.Direction.FORWARD);
    }

    /** Nothing passes between {@code server} and any other one, in either direction. */
    void isolate(ServerProcess server) {
        for (ServerProcess other : othersThan(server)) {
            for (TcpProxy proxy : List.of(proxy(server, other), proxy(other, server))) {
                proxy.cut(TcpProxy.Direction.FORWARD);
                proxy.cut(TcpProxy.Direction.BACK);
            }
        }
    }

    void heal() {
        proxies.values().forEach(TcpProxy::heal);
    }

    private TcpProxy proxy(ServerProcess from, ServerProcess to) {
        return Objects.requireNonNull(proxies.get(from.id() + ">" + to.id()), "started without proxies");
    }

    /** Waits until all servers have applied the same revision, without any writer at work; returns it. */
    long awaitSameRevision() {
        Map<String, @Nullable String> last = new TreeMap<>();
        await("the same revision everywhere: " + last)
                .atMost(CONVERGED_MAX)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    for (ServerProcess server : servers.values()) {
                        Map<String, String> status = kv.status(server.http());
                        last.put(
                                server.id(),
                                status.get("revision") + " " + status.get("lastApplied") + " "
                                        + status.get("lastLogIndex"));
                        if (!Objects.equals(status.get("lastApplied"), status.get("lastLogIndex"))) {
                            return false;
                        }
                    }
                    return last.values().stream().distinct().count() == 1;
                });
        String text = Objects.requireNonNull(last.values().iterator().next());
        return Long.parseLong(text.substring(0, text.indexOf(' ')));
    }

    private void killAll() {
        for (ServerProcess server : servers.values()) {
            if (server.isAlive()) {
                server.killSoon();
            }
        }
    }

    @Override
    public void close() throws IOException {
        killAll();
        for (ServerProcess server : servers.values()) {
            if (server.isAlive()) {
                server.awaitExit();
            }
        }
        proxies.values().forEach(TcpProxy::close);
        Runtime.getRuntime().removeShutdownHook(killer);
        delete(data);
    }

    private static void delete(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(directory)) {
            files = walk.sorted(Comparator.reverseOrder()).collect(Collectors.toList());
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }
}

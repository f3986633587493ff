package io.balsa.benchmarks.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Version;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.jspecify.annotations.Nullable;

/** ZooKeeper from Maven Central's jars, with the heap that its own start script gives it. */
public final class ZooKeeperServers implements ServerKind {
    private static final int SESSION_TIMEOUT_MILLIS = 10_000;
    private static final int ASK_TIMEOUT_MILLIS = 500;
    private static final int CREATE_TIMEOUT_MILLIS = 1_000;
    private static final int CLOSE_TIMEOUT_MILLIS = 200;
    private static final String DEFAULT_TIMES = "tickTime=2000\ninitLimit=10\nsyncLimit=5\n";
    private static final String TIGHT_TIMES = "tickTime=200\ninitLimit=50\nsyncLimit=3\n";
    private static final String TIGHT_FLAG = "-Dzookeeper.cnxTimeout=500";

    private final Path jars;
    private final String java;
    private final String heap;

    /** @param jars a directory with ZooKeeper's jars and those that they need */
    public ZooKeeperServers(Path jars, String java, String heap) {
        this.jars = jars.toAbsolutePath();
        this.java = java;
        this.heap = heap;
    }

    @Override
    public String name() {
        return "zookeeper";
    }

    @Override
    public @Nullable String missing() {
        return Files.isDirectory(jars) ? null : jars + " is not there: mvn -B -q package -DskipTests";
    }

    @Override
    public String version() {
        return Version.getVersion();
    }

    @Override
    public String options(Tuning tuning) {
        return heap
                + (tuning == Tuning.TIGHT
                        ? " " + TIGHT_FLAG + " " + TIGHT_TIMES.strip().replace('\n', ' ')
                        : "");
    }

    @Override
    public List<String> prepare(Address self, List<Address> all, Tuning tuning) throws IOException {
        Path data = Files.createDirectories(self.directory().resolve("data"));
        Files.writeString(data.resolve("myid"), Integer.toString(self.number()));
        StringBuilder config = new StringBuilder(tuning == Tuning.TIGHT ? TIGHT_TIMES : DEFAULT_TIMES);
        config.append("dataDir=").append(data).append('\n');
        config.append("clientPort=").append(self.clientPort()).append('\n');
        config.append("clientPortAddress=").append(Address.HOST).append('\n');
        config.append("admin.enableServer=false\n4lw.commands.whitelist=srvr\nmaxClientCnxns=0\n");
        for (Address peer : all) {
            config.append("server.").append(peer.number()).append('=').append(Address.HOST);
            config.append(':')
                    .append(peer.peerPort())
                    .append(':')
                    .append(peer.electionPort())
                    .append('\n');
        }
        Path file = self.directory().resolve("zoo.cfg");
        Files.writeString(file, config);
        Files.writeString(self.directory().resolve("logback.xml"), LOGBACK);
        List<String> command = new ArrayList<>(List.of(java, heap));
        if (tuning == Tuning.TIGHT) {
            command.add(TIGHT_FLAG);
        }
        command.addAll(List.of("-cp", self.directory() + ":" + jars + "/*"));
        command.addAll(List.of("org.apache.zookeeper.server.quorum.QuorumPeerMain", file.toString()));
        return command;
    }

    private static final String LOGBACK = """
            <configuration>
              <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
                <encoder><pattern>%d %-5level %logger{20} %msg%n</pattern></encoder>
              </appender>
              <root level="INFO"><appender-ref ref="out"/></root>
            </configuration>
            """;

    @Override
    public boolean leads(Address member) {
        return ask(member).contains("Mode: leader");
    }

    private static String ask(Address member) {
        try (Socket socket = new Socket()) {
            socket.connect(member.client(), ASK_TIMEOUT_MILLIS);
            socket.setSoTimeout(ASK_TIMEOUT_MILLIS);
            socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            // Not up, or not any more: the caller asks because it does not know.
            return "";
        }
    }

    /** Opens a session only with a server that serves: the client's pauses between its tries would be counted in. */
    @Override
    public boolean write(Address member) {
        if (!ask(member).contains("Mode: ")) {
            return false;
        }
        try {
            ZooKeeper session = new ZooKeeper(member.clientHostAndPort(), SESSION_TIMEOUT_MILLIS, event -> {});
            try {
                return create(session);
            } finally {
                session.close(CLOSE_TIMEOUT_MILLIS);
            }
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static boolean create(ZooKeeper session) throws InterruptedException {
        CountDownLatch answered = new CountDownLatch(1);
        AtomicBoolean acknowledged = new AtomicBoolean();
        session.create(
                "/first",
                new byte[] {'1'},
                Ids.OPEN_ACL_UNSAFE,
                CreateMode.PERSISTENT,
                (code, path, context, name) -> {
                    acknowledged.set(code == Code.OK.intValue() || code == Code.NODEEXISTS.intValue());
                    answered.countDown();
                },
                null);
        return answered.await(CREATE_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS) && acknowledged.get();
    }
}

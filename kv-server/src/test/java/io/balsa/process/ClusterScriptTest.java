package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code deploy/local/cluster} in a tree of its own, with a jar that points to the classes under test: what it says and
 * the exit codes that its help names.
 */
final class ClusterScriptTest {
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final int NO_JAVA = 3;
    private static final int BUILD = 4;
    private static final int STATE = 5;
    private static final long SECONDS_MAX = 240;

    /** What is on the PATH, without java and Maven. */
    @TempDir
    static Path tools;

    @TempDir
    Path root;

    private Path script;
    private Path run;
    private int basePort;
    private String out = "";
    private String err = "";

    @BeforeEach
    void copyTheScript() throws IOException {
        Path deploy = Files.createDirectories(root.resolve("deploy/local"));
        for (String name : new String[] {"cluster", "common.bash"}) {
            Files.copy(Path.of("..", "deploy", "local", name), deploy.resolve(name));
        }
        script = deploy.resolve("cluster");
        run = root.resolve("run");
        writeJar(Files.createDirectories(root.resolve("kv-server/target")).resolve("kv-server.jar"));
        basePort = Ports.freeWithOneAbove(1_000);
    }

    @AfterEach
    void wipe() throws Exception {
        cluster("wipe");
    }

    @BeforeAll
    static void linkTools() throws IOException {
        for (String from : new String[] {"/usr/bin", "/bin"}) {
            List<Path> files;
            try (Stream<Path> list = Files.list(Path.of(from))) {
                files = list.filter(file -> !file.getFileName().toString().matches("java.*|mvn.*"))
                        .toList();
            }
            for (Path file : files) {
                Path link = tools.resolve(file.getFileName());
                if (!Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createSymbolicLink(link, file);
                }
            }
        }
    }

    private static void writeJar(Path jar) throws IOException {
        List<String> classPath = new ArrayList<>();
        for (String element : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!element.endsWith("test-classes")) {
                classPath.add(Path.of(element).toAbsolutePath().toUri().toString());
            }
        }
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.put(Attributes.Name.MAIN_CLASS, "io.balsa.Main");
        attributes.put(Attributes.Name.CLASS_PATH, String.join(" ", classPath));
        attributes.put(new Attributes.Name("Add-Opens"), "java.base/java.nio java.base/sun.nio.ch");
        try (OutputStream file = Files.newOutputStream(jar)) {
            new JarOutputStream(file, manifest).close();
        }
    }

    @Test
    void aClusterIsStartedBrokenMendedAndRemoved() throws Exception {
        says(0, "1 server(s) up, n1 leads", up());
        says(STATE, "the cluster runs already; see: cluster status", up());
        says(USAGE, "unknown server 'n2'; known are: n1", cluster("kill", "n2"));
        says(USAGE, "which server? one of: n1", cluster("pause"));
        says(0, "n1 is paused", cluster("pause", "n1"));
        says(0, " paused ", cluster("status"));
        says(STATE, "the cluster runs already", up());
        says(0, "n1 goes on", cluster("resume", "n1"));
        says(0, "n1 is killed", cluster("kill", "n1"));
        for (String command : new String[] {"kill", "pause", "resume"}) {
            says(STATE, "n1 does not run", cluster(command, "n1"));
        }
        says(0, " down ", cluster("status"));
        try (ServerSocket taken = listen(basePort)) {
            says(STATE, "port " + taken.getLocalPort() + " is in use; free it", cluster("restart", "n1"));
        }
        says(0, "n1 is back", cluster("restart", "n1"));
        says(0, "all servers are down", cluster("down"));
        says(STATE, "holds the data of a cluster of 1", cluster("up", "--nodes", "3"));
        says(0, "removed the cluster", cluster("wipe"));
        says(STATE, "there is no cluster", cluster("wipe"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1_000})
    void aPortThatSomebodyListensOnIsNamed(int offset) throws Exception {
        try (ServerSocket taken = listen(basePort + offset)) {
            says(
                    STATE,
                    "port " + taken.getLocalPort() + " is in use; free it, or choose others with --base-port",
                    up());
        }
        try (ServerSocket taken = new ServerSocket()) { // On all addresses, which takes this one, too.
            taken.bind(new InetSocketAddress(basePort + offset), 1);
            says(STATE, "port " + (basePort + offset) + " is in use", up());
        }
    }

    @Test
    void aListenerWithAFullQueueIsSeenWithoutWaitingForIt() throws Exception {
        List<Socket> waiting = new ArrayList<>();
        try (ServerSocket taken = listen(basePort)) {
            for (int i = 0; i < 4; i++) { // Nobody accepts: further connections would only time out.
                Socket socket = new Socket();
                waiting.add(socket);
                try {
                    socket.connect(taken.getLocalSocketAddress(), 200);
                } catch (IOException full) {
                    break;
                }
            }
            long start = System.nanoTime();
            says(STATE, "port " + basePort + " is in use", up());
            assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start))
                    .isLessThan(60);
        } finally {
            for (Socket socket : waiting) {
                socket.close();
            }
        }
    }

    @Test
    void aPortThatIsBoundButNotListenedOnIsNamedByTheServer() throws Exception {
        try (Socket bound = new Socket()) {
            bound.setReuseAddress(false);
            bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), basePort));
            says(STATE, "127.0.0.1:" + basePort + ": Address already in use", up());
            assertThat(err).contains("n1 ended while starting").contains("the cluster did not start");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "x", "64527", "99999", "08081", "", "70000000000000000000"})
    void aBasePortThatIsNoneIsRefusedWithTheRange(String port) throws Exception {
        says(USAGE, "--base-port is a number from 1 to 64526, not '" + port + "'", cluster("up", "--base-port", port));
    }

    @Test
    void aCommandLineThatIsNotUnderstoodIsRefused() throws Exception {
        says(USAGE, "--base-port needs a value", cluster("up", "--base-port"));
        says(USAGE, "unknown option 'extra'", cluster("up", "extra"));
        says(USAGE, "--nodes is a number from 1 to 9, not '10'", cluster("up", "--nodes", "10"));
        says(USAGE, "--preset is lan, standard or wan, not 'fast'", cluster("up", "--preset", "fast"));
        says(USAGE, "unknown command 'start'", cluster("start"));
        for (String command : new String[] {"status", "down", "kill", "pause", "resume", "restart"}) {
            says(STATE, "there is no cluster in " + run, cluster(command));
        }
    }

    @Test
    void aMissingOrUnusableJavaIsNamed() throws Exception {
        says(
                NO_JAVA,
                "JAVA_HOME is /none, but there is no bin/java in it",
                cluster(Map.of("JAVA_HOME", "/none"), "up"));
        says(NO_JAVA, "no java found: install JDK 17 or later", cluster(Map.of("JAVA_HOME", ""), "up"));
        Path old = Files.createDirectories(root.resolve("old/bin")).resolve("java");
        Files.writeString(old, "#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n");
        assertThat(old.toFile().setExecutable(true)).isTrue();
        says(
                NO_JAVA,
                "is Java 1.8.0_402; Balsa needs 17 or later",
                cluster(Map.of("JAVA_HOME", root.resolve("old").toString()), "up"));
        Files.delete(root.resolve("kv-server/target/kv-server.jar"));
        says(BUILD, "is missing and Maven (mvn) is not installed", up());
    }

    @Test
    void aServerThatCannotStartIsNamedWithItsLog() throws Exception {
        says(
                FAILED,
                "n1 ended while starting: ",
                cluster(
                        Map.of("BALSA_JAVA_OPTS", "-XX:NoSuchFlag"),
                        "up",
                        "--nodes",
                        "1",
                        "--base-port",
                        Integer.toString(basePort)));
        assertThat(err).contains(run.resolve("n1/server.log").toString());
    }

    private static ServerSocket listen(int port) throws IOException {
        return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
    }

    private int up() throws Exception {
        return cluster("up", "--nodes", "1", "--base-port", Integer.toString(basePort));
    }

    private int cluster(String... arguments) throws Exception {
        return cluster(Map.of(), arguments);
    }

    private int cluster(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("bash", script.toString(), "--dir", run.toString()));
        command.addAll(List.of(arguments));
        Path outFile = root.resolve("out");
        Path errFile = root.resolve("err");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(outFile.toFile()).redirectError(errFile.toFile());
        builder.environment().put("PATH", tools.toString());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().remove("BALSA_JAVA_OPTS");
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS))
                .as("%s ends", command)
                .isTrue();
        out = Files.readString(outFile, StandardCharsets.UTF_8);
        err = Files.readString(errFile, StandardCharsets.UTF_8);
        return process.exitValue();
    }

    private void says(int expectedCode, String message, int actualCode) {
        assertThat(expectedCode == 0 ? out : err)
                .as("exit code %d, out: %s, err: %s", actualCode, out, err)
                .contains(message);
        assertThat(actualCode).as(err).isEqualTo(expectedCode);
    }
}

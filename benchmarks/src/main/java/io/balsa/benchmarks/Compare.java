package io.balsa.benchmarks;

import io.balsa.benchmarks.FailOvers.Fault;
import io.balsa.benchmarks.MeasuredSystem.Tool;
import io.balsa.benchmarks.cluster.BalsaServers;
import io.balsa.benchmarks.cluster.EtcdServers;
import io.balsa.benchmarks.cluster.ServerKind;
import io.balsa.benchmarks.cluster.Shell;
import io.balsa.benchmarks.cluster.Tuning;
import io.balsa.benchmarks.cluster.ZooKeeperServers;
import io.balsa.benchmarks.driver.DriverKind;
import io.balsa.benchmarks.load.Workload;
import io.balsa.benchmarks.report.Machine;
import io.balsa.benchmarks.report.Report;
import io.balsa.benchmarks.report.Results;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command line of the whole-system comparison. */
@Command(
        name = "benchmarks/compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        showDefaultValues = true,
        description = "Puts the same loads on clusters of Balsa, etcd and ZooKeeper, one at a time, on this machine.")
public final class Compare implements Callable<Integer> {
    private static final int TROUBLE = 1;

    @Option(
            names = "--systems",
            split = ",",
            defaultValue = "balsa,etcd,zookeeper",
            description = "balsa, etcd (jetcd), zookeeper: through their clients; balsa-http, etcd-http: raw HTTP/1.1;"
                    + " balsa-wrk, etcd-wrk, etcd-h2load: puts by C load generators; balsa-pipelined, etcd-pipelined:"
                    + " few connections, many requests under way on each; balsa-other: see --other-balsa-jar")
    private List<String> systemNames = List.of();

    @Option(names = "--workloads", split = ",", defaultValue = "put,get,stale-get,mix,cas,range,put-1k,put-16k")
    private List<String> workloadNames = List.of();

    @Option(names = "--clients", split = ",", defaultValue = "1,16,64,256", description = "operations in flight")
    private List<Integer> clients = List.of();

    @Option(names = "--every-count", description = "all workloads with every number of clients, not put alone")
    private boolean everyCount;

    @Option(names = "--rates", split = ",", description = "open loops with so many operations a second, too")
    private List<Double> rates = new ArrayList<>();

    @Option(names = "--value-bytes", defaultValue = "256")
    private int valueBytes;

    @Option(names = "--keys", defaultValue = "10000", description = "how many there are before the loads")
    private long keys;

    @Option(names = "--nodes", split = ",", defaultValue = "3")
    private List<Integer> nodes = List.of();

    @Option(names = "--seconds", defaultValue = "20", description = "recorded, of each load")
    private int seconds;

    @Option(names = "--warm-up", defaultValue = "5", description = "seconds before that")
    private int warmUpSeconds;

    @Option(
            names = "--settle",
            defaultValue = "0",
            description =
                    "more seconds before the first load of each cluster, so that JVMs have compiled what they run")
    private int settleSeconds;

    @Option(names = "--rounds", defaultValue = "5", description = "0: none, only what else is asked for")
    private int rounds;

    @Option(
            names = "--together",
            description =
                    "all clusters at once, and each load on one after the other in every round: for differences of a"
                            + " few percent, with short loads and many rounds; no cold starts, no --rates")
    private boolean together;

    @Option(names = "--fail-over", defaultValue = "0", description = "how often to break a leader, for each fault")
    private int failOvers;

    @Option(names = "--faults", split = ",", defaultValue = "KILL,STOP", description = "${COMPLETION-CANDIDATES}")
    private List<Fault> faults = List.of();

    @Option(names = "--tunings", split = ",", defaultValue = "DEFAULT,TIGHT", description = "${COMPLETION-CANDIDATES}")
    private List<Tuning> tunings = List.of();

    @Option(names = "--growth", split = ",", description = "numbers of keys, ascending, to fill one cluster with")
    private List<Long> growth = new ArrayList<>();

    @Option(names = "--minutes-max", defaultValue = "180", description = "begin nothing new after that")
    private int minutesMax;

    @Option(names = "--out", defaultValue = "benchmarks", description = "where RESULTS.md and results/ go")
    private Path out = Path.of("benchmarks");

    @Option(names = "--work-dir", defaultValue = "benchmarks/target/compare", description = "the clusters' data")
    private Path work = Path.of("benchmarks/target/compare");

    @Option(names = "--java", defaultValue = "java", description = "that runs Balsa's and ZooKeeper's servers")
    private String java = "java";

    @Option(names = "--balsa-jar", defaultValue = "kv-server/target/kv-server.jar")
    private Path balsaJar = Path.of("kv-server/target/kv-server.jar");

    @Option(
            names = "--other-balsa-jar",
            defaultValue = "kv-server/target/kv-server.jar",
            description = "of the system balsa-other: another version, or the same to see what chance does")
    private Path otherBalsaJar = Path.of("kv-server/target/kv-server.jar");

    @Option(names = "--balsa-java-opts", defaultValue = "", description = "JVM flags; the wrapper asks the launcher")
    private String balsaJavaOptions = "";

    @Option(names = "--other-balsa-java-opts", description = "JVM flags of the system balsa-other; by default the same")
    private @Nullable String otherBalsaJavaOptions;

    @Option(names = "--balsa-args", defaultValue = "", description = "further arguments of every Balsa server")
    private String balsaArguments = "";

    @Option(names = "--zookeeper-jars", defaultValue = "benchmarks/target/zookeeper")
    private Path zooKeeperJars = Path.of("benchmarks/target/zookeeper");

    @Option(names = "--zookeeper-heap", defaultValue = "-Xmx1000m", description = "the default of its start script")
    private String zooKeeperHeap = "-Xmx1000m";

    @Option(names = "--etcd-quota-bytes", defaultValue = "0", description = "0: etcd's default")
    private long etcdQuotaBytes;

    private final String command;
    private final PrintStream console;

    private Compare(String command, PrintStream console) {
        this.command = command;
        this.console = console;
    }

    public static void main(String... arguments) {
        String command = "benchmarks/compare "
                + Arrays.stream(arguments)
                        .map(word -> word.matches("[-\\w.,=/:+]+") ? word : "'" + word + "'")
                        .collect(Collectors.joining(" "));
        System.exit(new CommandLine(new Compare(command, System.out))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (together && !rates.isEmpty()) {
            console.println("--together has closed loops alone: leave out --rates, or --together.");
            return TROUBLE;
        }
        Files.createDirectories(work);
        Results results = new Results();
        List<MeasuredSystem> systems = available(results);
        if (systems.isEmpty()) {
            console.println("There is nothing to measure.");
            return TROUBLE;
        }
        Settings settings = settings(systems);
        Report report = new Report(results, command, Machine.describe(work), versions(systems));
        Rounds loads = new Rounds(settings, results, console);
        if (together) {
            loads.runTogether(() -> report.write(out));
        } else {
            loads.run(() -> report.write(out));
        }
        FailOvers breaking = new FailOvers(settings, results, console);
        Growth growing = new Growth(settings, loads, console);
        for (MeasuredSystem system : systems) {
            if (system.tool() == null) {
                guarded(results, system.name() + ", fail-over", () -> breakLeaders(system, breaking));
                report.write(out);
                if (!growth.isEmpty()) {
                    guarded(results, system.name() + ", growth", () -> growing.run(system, growth));
                    report.write(out);
                }
            }
        }
        report.write(out);
        console.println("Written: " + out.resolve("RESULTS.md"));
        return 0;
    }

    private void breakLeaders(MeasuredSystem system, FailOvers breaking) throws IOException, InterruptedException {
        if (failOvers == 0) {
            return;
        }
        for (Tuning tuning : tunings) {
            for (Fault fault : faults) {
                breaking.run(system, tuning, fault, failOvers);
            }
        }
    }

    private interface Part {
        void run() throws IOException, InterruptedException;
    }

    private void guarded(Results results, String what, Part part) throws InterruptedException {
        try {
            part.run();
        } catch (IOException e) {
            results.note(what + " failed: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            console.println("FAILED: " + what + ": " + e.getMessage());
        }
    }

    private Settings settings(List<MeasuredSystem> systems) {
        return new Settings(
                systems,
                workloadNames.stream().map(Workload::named).toList(),
                clients,
                rates,
                everyCount,
                valueBytes,
                keys,
                nodes,
                Duration.ofSeconds(settleSeconds),
                Duration.ofSeconds(warmUpSeconds),
                Duration.ofSeconds(seconds),
                rounds,
                work,
                System.nanoTime() + TimeUnit.MINUTES.toNanos(minutesMax));
    }

    /** Those of the named systems that can run here; the others are said aloud and noted. */
    private List<MeasuredSystem> available(Results results) {
        List<MeasuredSystem> systems = new ArrayList<>();
        for (String name : systemNames) {
            MeasuredSystem system = named(name);
            String missing = missing(system);
            if (missing == null) {
                systems.add(system);
            } else {
                String note = "SKIPPED: " + name + ": " + missing;
                results.note(note);
                console.println("*** " + note + " ***");
            }
        }
        return systems;
    }

    private static @Nullable String missing(MeasuredSystem system) {
        Tool tool = system.tool();
        if (tool != null && !Shell.has(tool.command)) {
            return tool.command + " is not installed: apt-get install " + tool.debianPackage;
        }
        return system.servers().missing();
    }

    private MeasuredSystem named(String name) {
        ServerKind balsa = balsa("balsa", balsaJar, balsaJavaOptions);
        ServerKind etcd = new EtcdServers(etcdQuotaBytes);
        ServerKind zooKeeper = new ZooKeeperServers(zooKeeperJars, java, zooKeeperHeap);
        return switch (name) {
            case "balsa" -> new MeasuredSystem(name, balsa, DriverKind.BALSA_CLIENT, null);
            case "balsa-other" -> new MeasuredSystem(name, otherBalsa(name), DriverKind.BALSA_CLIENT, null);
            case "balsa-http" -> new MeasuredSystem(name, balsa, DriverKind.BALSA_HTTP, null);
            case "balsa-wrk" -> new MeasuredSystem(name, balsa, DriverKind.BALSA_HTTP, Tool.WRK);
            case "etcd" -> new MeasuredSystem(name, etcd, DriverKind.JETCD, null);
            case "etcd-http" -> new MeasuredSystem(name, etcd, DriverKind.ETCD_HTTP, null);
            case "etcd-wrk" -> new MeasuredSystem(name, etcd, DriverKind.ETCD_HTTP, Tool.WRK);
            case "balsa-pipelined" -> new MeasuredSystem(name, balsa, DriverKind.BALSA_HTTP, Tool.WRK_PIPELINED);
            case "etcd-pipelined" -> new MeasuredSystem(name, etcd, DriverKind.ETCD_HTTP, Tool.WRK_PIPELINED);
            case "etcd-h2load" -> new MeasuredSystem(name, etcd, DriverKind.ETCD_HTTP, Tool.H2LOAD);
            case "zookeeper" -> new MeasuredSystem(name, zooKeeper, DriverKind.ZOOKEEPER_ASYNC, null);
            default -> throw new IllegalArgumentException("no system is named " + name + "; see --help");
        };
    }

    private ServerKind otherBalsa(String name) {
        return balsa(name, otherBalsaJar, Objects.requireNonNullElse(otherBalsaJavaOptions, balsaJavaOptions));
    }

    private ServerKind balsa(String name, Path jar, String javaOptions) {
        return new BalsaServers(name, jar, java, words(javaOptions), words(balsaArguments));
    }

    private static List<String> words(String line) {
        return Arrays.stream(line.trim().split("\\s+"))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private List<String> versions(List<MeasuredSystem> systems) {
        return systems.stream()
                .map(MeasuredSystem::servers)
                .collect(Collectors.toMap(ServerKind::name, kind -> kind, (one, same) -> one))
                .values()
                .stream()
                .map(this::version)
                .sorted()
                .toList();
    }

    private String version(ServerKind servers) {
        String options = servers.options(Tuning.DEFAULT).trim();
        String tight = servers.options(Tuning.TIGHT).trim();
        return servers.name() + " " + servers.version() + (options.isEmpty() ? "" : ", `" + options + "`")
                + (failOvers > 0 && !tight.equals(options) ? "; tight: `" + tight + "`" : "");
    }
}

package io.balsa;

import io.balsa.node.Compaction;
import io.balsa.node.Timeouts;
import io.balsa.raft.NodeId;
import io.balsa.storage.Space;
import io.vertx.core.net.HostAndPort;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code balsa server}: runs one server until it is told to end (SIGTERM, SIGINT) or has to halt. */
@Command(
        name = "server",
        description =
                "Runs one server of a cluster until SIGTERM or SIGINT, on which it hands its leadership over first.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Example: a cluster of one",
            "  balsa server --id n1 --data-dir data/n1",
            "",
            "Example: the first of three",
            "  balsa server --id n1 --data-dir data/n1 --http 127.0.0.1:8081 --raft 127.0.0.1:9081 \\",
            "    --peers n1=127.0.0.1:9081,n2=127.0.0.1:9082,n3=127.0.0.1:9083",
            "",
            "Example: one more server of a cluster that exists, then: balsa member add n4=127.0.0.1:9084",
            "  balsa server --id n4 --data-dir data/n4 --http 127.0.0.1:8084 --raft 127.0.0.1:9084 --join",
            "",
            "Exit codes: 0 ended as told, 2 wrong usage, 4 could not start, 70 halted: a failed disk or a broken invariant."
        })
final class ServerCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli.
    private CommandSpec spec;

    @Option(names = "--id", required = true, paramLabel = "nN", description = "This server's id: n1, n2, n3, ...")
    private String id = "";

    @Option(
            names = "--data-dir",
            required = true,
            paramLabel = "DIR",
            description = "Where this server keeps its log and state; created when missing, never shared.")
    private Path dataDirectory = Path.of("");

    @Option(
            names = "--http",
            defaultValue = "127.0.0.1:8081",
            paramLabel = "HOST:PORT",
            description = "Where to serve clients. Default: ${DEFAULT-VALUE}")
    private String http = "";

    @Option(
            names = "--advertise-http",
            paramLabel = "URL",
            description = "Where clients reach this server, for redirects. Default: http://HOST:PORT of --http")
    private @Nullable String httpUrl;

    @Option(
            names = "--raft",
            defaultValue = "127.0.0.1:9081",
            paramLabel = "HOST:PORT",
            description = "Where to listen for the other servers. Default: ${DEFAULT-VALUE}")
    private String raft = "";

    @Option(
            names = "--peers",
            paramLabel = "nN=HOST:PORT,...",
            description =
                    "Every server of a new cluster with its --raft address; all must be up once for it to begin. Later"
                            + " the cluster itself remembers who belongs to it. Default: this server alone")
    private @Nullable String peers;

    @Option(
            names = "--advertise-raft",
            paramLabel = "HOST:PORT",
            description = "Where the other servers reach this one. Default: as --peers says, else --raft")
    private @Nullable String advertiseRaft;

    @Option(
            names = "--join",
            description = "The cluster exists: wait, without a vote, until its leader takes this server in"
                    + " (balsa member add). Not together with --peers.")
    private boolean join;

    @Option(
            names = "--cluster-id",
            defaultValue = "balsa",
            paramLabel = "NAME",
            description = "The cluster's name; servers of another one are refused. Default: ${DEFAULT-VALUE}")
    private String clusterId = "";

    @Option(
            names = "--preset",
            defaultValue = "standard",
            paramLabel = "lan|standard|wan",
            description =
                    "Timeouts: lan (heartbeat 50 ms, election 150-300), standard (50, 500-1000, and from 150 on while"
                            + " nothing delays what the leader sends), wan (500, 2500-5000). Default: ${DEFAULT-VALUE}")
    private String preset = "";

    @Option(
            names = "--scrub",
            defaultValue = "always",
            paramLabel = "always|never",
            description =
                    "Whether to read and check all of the store before serving. Without it damage is found where it"
                            + " is read, or it ends the process. Default: ${DEFAULT-VALUE}")
    private String scrub = "";

    @Option(names = "--heartbeat-ms", paramLabel = "MS", description = "Overrides the preset's heartbeat interval.")
    private @Nullable Integer heartbeatMillis;

    @Option(
            names = "--election-ms",
            paramLabel = "MIN-MAX",
            description = "Overrides the preset's election timeout, e.g. 150-300, whatever is seen of the leader.")
    private @Nullable String electionMillis;

    @Option(
            names = "--read-leases",
            description =
                    "Serve reads with ?consistency=lease by lease when this server leads, and bind it to others that"
                            + " lead: a killed leader is replaced only after the shortest election timeout. To be given to all servers")
    private boolean readLeases;

    @Option(
            names = "--log-map-gb",
            defaultValue = "64",
            paramLabel = "GIB",
            description = "Address space for the log: it can grow no larger. Default: ${DEFAULT-VALUE}")
    private int logMapGib;

    @Option(
            names = "--state-map-gb",
            defaultValue = "256",
            paramLabel = "GIB",
            description = "Address space for the state: it can grow no larger. Default: ${DEFAULT-VALUE}")
    private int stateMapGib;

    @Option(
            names = "--quota-mb",
            defaultValue = "4096",
            paramLabel = "MIB",
            description =
                    "What the state may take: beyond it writes are refused (507) until deletes have made room. The same"
                            + " on all servers. Default: ${DEFAULT-VALUE}")
    private long quotaMib;

    @Option(
            names = "--min-free-mb",
            defaultValue = "64",
            paramLabel = "MIB",
            description =
                    "What must stay free on this server's disk, pages that it can use again included: with less, the"
                            + " leader refuses writes (507). Default: ${DEFAULT-VALUE}")
    private long minFreeMib;

    @Option(
            names = "--slow-commit-ms",
            defaultValue = "100",
            paramLabel = "MS",
            description = "Log and count each commit to the log that takes longer. Default: ${DEFAULT-VALUE}")
    private int slowCommitMillis;

    @Option(
            names = "--compact-entries",
            defaultValue = "" + Compaction.Limits.ENTRIES_DEFAULT,
            paramLabel = "N",
            description = "The log is cut when it has more entries. Default: ${DEFAULT-VALUE}")
    private long compactEntries;

    @Option(
            names = "--compact-mb",
            defaultValue = "" + (Compaction.Limits.BYTES_DEFAULT >> 20),
            paramLabel = "MIB",
            description =
                    "The log is cut when its entries take more; above 16 MiB also when they take more than the state."
                            + " Default: ${DEFAULT-VALUE}")
    private long compactMib;

    @Option(
            names = "--compact-minutes",
            defaultValue = "" + Compaction.Limits.AGE_MINUTES_DEFAULT,
            paramLabel = "MIN",
            description = "Older entries are cut; counted from this server's start. Default: ${DEFAULT-VALUE}")
    private long compactMinutes;

    @Option(
            names = "--compact-tail",
            defaultValue = "" + Compaction.Limits.TAIL_DEFAULT,
            paramLabel = "N",
            description = "Entries that stay when the log is cut, for followers that are a little late; never more than"
                    + " fit into half of the MiB it is cut at. Default: ${DEFAULT-VALUE}")
    private long compactTail;

    @Option(
            names = "--snapshot-mb-per-s",
            defaultValue = "64",
            paramLabel = "MIB",
            description = "How fast this server sends snapshots, to all followers together. Default: ${DEFAULT-VALUE}")
    private int snapshotMibPerSecond;

    @Override
    public Integer call() throws InterruptedException {
        ServerRun run = new ServerRun(config());
        Runtime.getRuntime().addShutdownHook(new Thread(run::stop, "shutdown"));
        return run.untilEnd();
    }

    private ServerConfig config() {
        try {
            NodeId self = NodeId.parse(id);
            HostAndPort raftAddress = address("--raft", raft);
            HostAndPort httpAddress = address("--http", http);
            if (join && peers != null) {
                throw new IllegalArgumentException(
                        "--join and --peers exclude each other: a cluster that exists knows its servers");
            }
            SortedMap<NodeId, HostAndPort> told = peers(self, raftAddress);
            String url = httpUrl == null ? "http://" + httpAddress : httpUrl;
            return new ServerConfig(
                    self,
                    clusterId,
                    dataDirectory,
                    httpAddress,
                    url,
                    raftAddress,
                    advertised(told.getOrDefault(self, raftAddress)),
                    join,
                    told,
                    timeouts(),
                    readLeases,
                    scrub(),
                    gib("--log-map-gb", logMapGib),
                    gib("--state-map-gb", stateMapGib),
                    space(),
                    compaction(),
                    within("--snapshot-mb-per-s", snapshotMibPerSecond, 1, 100_000) << 20,
                    within("--slow-commit-ms", slowCommitMillis, 1, 3_600_000));
        } catch (IllegalArgumentException wrong) {
            throw new ParameterException(spec.commandLine(), wrong.getMessage(), wrong);
        }
    }

    private boolean scrub() {
        return switch (scrub) {
            case "always" -> true;
            case "never" -> false;
            default -> throw new IllegalArgumentException("--scrub takes always or never, not '" + scrub + "'");
        };
    }

    private HostAndPort advertised(HostAndPort otherwise) {
        return advertiseRaft == null ? otherwise : address("--advertise-raft", advertiseRaft);
    }

    private SortedMap<NodeId, HostAndPort> peers(NodeId self, HostAndPort raftAddress) {
        SortedMap<NodeId, HostAndPort> parsed = new TreeMap<>();
        if (peers == null) {
            parsed.put(self, raftAddress);
            return parsed;
        }
        for (String peer : peers.split(",", -1)) {
            int equals = peer.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("--peers: '" + peer + "' does not look like n1=127.0.0.1:9081");
            }
            NodeId node = NodeId.parse(peer.substring(0, equals).strip());
            if (parsed.put(node, address("--peers", peer.substring(equals + 1).strip())) != null) {
                throw new IllegalArgumentException("--peers names " + node + " twice");
            }
        }
        return parsed;
    }

    private Timeouts timeouts() {
        Timeouts base = Timeouts.preset(preset);
        int heartbeat = heartbeatMillis == null ? base.heartbeatMillis() : heartbeatMillis;
        if (electionMillis == null) {
            return base.withHeartbeat(heartbeat);
        }
        if (!electionMillis.matches("[0-9]{1,7}-[0-9]{1,7}")) {
            throw new IllegalArgumentException("--election-ms: '" + electionMillis + "' does not look like 150-300");
        }
        int dash = electionMillis.indexOf('-');
        return Timeouts.fixed(
                heartbeat,
                Integer.parseInt(electionMillis.substring(0, dash)),
                Integer.parseInt(electionMillis.substring(dash + 1)));
    }

    private Compaction.Limits compaction() {
        long bytesMax = within("--compact-mb", compactMib, 1, 1 << 20) << 20;
        return new Compaction.Limits(
                within("--compact-entries", compactEntries, 1, Long.MAX_VALUE),
                Math.min(bytesMax, Compaction.Limits.BYTES_MIN_DEFAULT),
                bytesMax,
                within("--compact-minutes", compactMinutes, 1, 1 << 30) * (60_000 / Timeouts.TICK_MILLIS),
                within("--compact-tail", compactTail, 0, Long.MAX_VALUE),
                Math.max(bytesMax, gib("--log-map-gb", logMapGib) / 2));
    }

    private Space.Limits space() {
        return new Space.Limits(
                within("--quota-mb", quotaMib, 1, 1 << 26) << 20,
                within("--min-free-mb", minFreeMib, 0, 1 << 26) << 20);
    }

    private static long gib(String option, int gib) {
        return within(option, gib, 1, 65_536) << 30;
    }

    private static long within(String option, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(option + " takes " + min + " to " + max + ", not " + value);
        }
        return value;
    }

    private static HostAndPort address(String option, String text) {
        HostAndPort address = HostAndPort.parseAuthority(text, -1);
        if (address == null || address.port() < 0 || address.port() > 65_535) {
            throw new IllegalArgumentException(option + ": '" + text + "' does not look like 127.0.0.1:8081");
        }
        return address;
    }
}

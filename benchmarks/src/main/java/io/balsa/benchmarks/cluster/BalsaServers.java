package io.balsa.benchmarks.cluster;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Balsa from its runnable jar. */
public final class BalsaServers implements ServerKind {
    private static final Pattern LEADS = Pattern.compile("\"role\"\\s*:\\s*\"leader\"", Pattern.CASE_INSENSITIVE);
    private static final Pattern VERSION = Pattern.compile("-?\\d[-.\\w]*");

    private static final List<String> TIGHT = List.of("--preset", "lan");

    private final String name;
    private final Path jar;
    private final String java;
    private final List<String> javaOptions;
    private final List<String> arguments;

    /**
     * @param name one version of several has its own
     * @param java the command that runs the servers' JVM
     * @param javaOptions flags for it, those of the launcher
     * @param arguments for the server, behind those that every member needs
     */
    public BalsaServers(String name, Path jar, String java, List<String> javaOptions, List<String> arguments) {
        this.name = name;
        this.jar = jar.toAbsolutePath();
        this.java = java;
        this.javaOptions = List.copyOf(javaOptions);
        this.arguments = List.copyOf(arguments);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public @Nullable String missing() {
        return Files.isRegularFile(jar) ? null : jar + " is not there: mvn -B -q package -DskipTests";
    }

    @Override
    public String version() {
        String said = Shell.firstLine(List.of(java, "-jar", jar.toString(), "--version"));
        return VERSION.matcher(said).find() ? said : "unknown";
    }

    @Override
    public String options(Tuning tuning) {
        List<String> extra = extra(tuning);
        return String.join(" ", javaOptions) + (extra.isEmpty() ? "" : " … " + String.join(" ", extra));
    }

    private List<String> extra(Tuning tuning) {
        List<String> extra = new ArrayList<>(arguments);
        if (tuning == Tuning.TIGHT) {
            extra.addAll(TIGHT);
        }
        return extra;
    }

    @Override
    public List<String> prepare(Address self, List<Address> all, Tuning tuning) {
        List<String> command = new ArrayList<>();
        command.add(java);
        command.addAll(javaOptions);
        command.addAll(List.of("-jar", jar.toString(), "server", "--id", self.id()));
        command.addAll(List.of("--data-dir", self.directory().resolve("data").toString()));
        command.addAll(List.of("--http", self.clientHostAndPort(), "--raft", raft(self)));
        command.add("--peers");
        command.add(all.stream().map(peer -> peer.id() + "=" + raft(peer)).collect(Collectors.joining(",")));
        command.addAll(extra(tuning));
        return command;
    }

    private static String raft(Address member) {
        return Address.HOST + ":" + member.peerPort();
    }

    @Override
    public boolean leads(Address member) {
        return LEADS.matcher(Http.get(member.clientUrl() + "/v1/status")).find();
    }

    @Override
    public boolean canTransfer() {
        return true;
    }

    @Override
    public boolean transfer(Address leader, Address successor) {
        String target = "{\"target\":\"" + successor.id() + "\"}";
        return !Http.post(leader.clientUrl() + "/v1/cluster/leader", target).isEmpty();
    }

    @Override
    public boolean write(Address member) {
        return !Http.put(member.clientUrl() + "/v1/kv/first", "1").isEmpty();
    }
}

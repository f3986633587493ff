package io.balsa.benchmarks.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** etcd from the system's packages. */
public final class EtcdServers implements ServerKind {
    private static final Pattern LEADER = Pattern.compile("\"leader\"\\s*:\\s*\"(\\d+)\"");
    private static final Pattern MEMBER = Pattern.compile("\"member_id\"\\s*:\\s*\"(\\d+)\"");
    private static final String STATUS = "/v3/maintenance/status";
    private static final String FIRST_WRITE = "{\"key\":\"Zmlyc3Q=\",\"value\":\"MQ==\"}";
    private static final List<String> TIGHT = List.of("--heartbeat-interval=50", "--election-timeout=250");

    private final long quotaBytes;

    /** @param quotaBytes for the database; 0: etcd's default, 2 GB, which a run with millions of keys does not fit */
    public EtcdServers(long quotaBytes) {
        this.quotaBytes = quotaBytes;
    }

    @Override
    public String name() {
        return "etcd";
    }

    @Override
    public @Nullable String missing() {
        return Shell.has("etcd") ? null : "etcd is not installed: apt-get install etcd-server";
    }

    @Override
    public String version() {
        return Shell.firstLine(List.of("etcd", "--version")).replace("etcd Version: ", "");
    }

    @Override
    public String options(Tuning tuning) {
        return String.join(" ", extra(tuning));
    }

    private List<String> extra(Tuning tuning) {
        List<String> options = new ArrayList<>();
        if (tuning == Tuning.TIGHT) {
            options.addAll(TIGHT);
        }
        if (quotaBytes > 0) {
            options.add("--quota-backend-bytes=" + quotaBytes);
        }
        return options;
    }

    @Override
    public List<String> prepare(Address self, List<Address> all, Tuning tuning) {
        String peers = all.stream().map(peer -> peer.id() + "=" + peerUrl(peer)).collect(Collectors.joining(","));
        List<String> command = new ArrayList<>(List.of(
                "etcd",
                "--name=" + self.id(),
                "--data-dir=" + self.directory().resolve("data"),
                "--listen-client-urls=" + self.clientUrl(),
                "--advertise-client-urls=" + self.clientUrl(),
                "--listen-peer-urls=" + peerUrl(self),
                "--initial-advertise-peer-urls=" + peerUrl(self),
                "--initial-cluster=" + peers,
                "--initial-cluster-state=new",
                "--initial-cluster-token=" + all.get(0).peerPort(),
                "--logger=zap"));
        command.addAll(extra(tuning));
        return command;
    }

    private static String peerUrl(Address member) {
        return "http://" + Address.HOST + ":" + member.peerPort();
    }

    @Override
    public boolean leads(Address member) {
        String status = Http.post(member.clientUrl() + STATUS, "{}");
        Matcher leader = LEADER.matcher(status);
        Matcher self = MEMBER.matcher(status);
        return leader.find() && self.find() && leader.group(1).equals(self.group(1));
    }

    @Override
    public boolean canTransfer() {
        return true;
    }

    @Override
    public boolean transfer(Address leader, Address successor) {
        Matcher target = MEMBER.matcher(Http.post(successor.clientUrl() + STATUS, "{}"));
        String move = leader.clientUrl() + "/v3/maintenance/transfer-leadership";
        return target.find()
                && !Http.post(move, "{\"targetID\":\"" + target.group(1) + "\"}")
                        .isEmpty();
    }

    @Override
    public boolean write(Address member) {
        return !Http.post(member.clientUrl() + "/v3/kv/put", FIRST_WRITE).isEmpty();
    }
}

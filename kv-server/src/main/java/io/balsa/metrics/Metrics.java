package io.balsa.metrics;

import io.balsa.node.NodeStatus;
import io.balsa.raft.NodeId;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Every meter by name. Thread-safe. Times are given in nanoseconds and published in seconds; a name here like
 * {@code balsa.raft.turn} is {@code balsa_raft_turn_seconds} to Prometheus.
 */
public final class Metrics implements AutoCloseable {
    private static final Duration[] DISK_BUCKETS =
            millis(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 250, 500, 1000, 5000);
    private static final Duration[] HTTP_BUCKETS =
            millis(0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 250, 500, 1000, 2500, 5000);
    private static final Duration[] SNAPSHOT_BUCKETS =
            millis(10, 100, 1000, 5000, 10_000, 30_000, 60_000, 300_000, 1_800_000);
    private static final double[] ENTRY_BUCKETS = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private @Nullable JvmGcMetrics collections; // Guarded by this.

    private final Timer turn = timer("balsa.raft.turn", "One turn of the Raft thread", DISK_BUCKETS);
    private final Timer logCommit =
            timer("balsa.log.commit", "One synchronous LMDB commit of log entries", DISK_BUCKETS);
    private final Timer checkpoint = timer(
            "balsa.state.commit", "One synchronous LMDB commit of the applied state (a checkpoint)", DISK_BUCKETS);
    private final Timer proposal =
            timer("balsa.proposals.commit", "From a proposal to its commit, on the leader", HTTP_BUCKETS);
    private final DistributionSummary entries = DistributionSummary.builder("balsa.log.commit.entries")
            .description("Log entries in one commit")
            .serviceLevelObjectives(ENTRY_BUCKETS)
            .register(registry);
    private final Counter logBytes = Counter.builder("balsa.log.written")
            .description("Bytes of log entries committed to disk")
            .baseUnit("bytes")
            .register(registry);
    private final Timer snapshotSent = timer(
            "balsa.snapshots.sent",
            "Whole snapshots read and sent to followers, from the first chunk to the last",
            SNAPSHOT_BUCKETS);
    private final Timer snapshotReceived = timer(
            "balsa.snapshots.received",
            "Whole snapshots received and stored, from the first chunk to the last",
            SNAPSHOT_BUCKETS);
    private final Timer snapshotInstalled = timer(
            "balsa.snapshots.installed",
            "What the Raft thread took to replace state and log by a snapshot",
            DISK_BUCKETS);
    private final Counter snapshotSentBytes = bytes("balsa.snapshots.chunks.sent", "Bytes of snapshots sent");
    private final Counter snapshotReceivedBytes =
            bytes("balsa.snapshots.chunks.received", "Bytes of snapshots received and stored");
    private final Map<String, Counter> proposalFailures = new ConcurrentHashMap<>();
    private final Map<String, Timer> reads = new ConcurrentHashMap<>();
    private final Map<String, Counter> readFailures = new ConcurrentHashMap<>();
    private final Timer pauses = timer(
            "balsa.process.pauses", "Times at which the whole process stood still for 20 ms or more", HTTP_BUCKETS);
    private final Counter slowCommits = Counter.builder("balsa.log.commit.slow")
            .description("Commits of the log that took longer than the threshold that is logged")
            .register(registry);

    /**
     * Adds the meters of the JVM and the process, unless they are there; the first scrape does. Not at the start, for which a
     * cluster waits: they take some of it, and but for the collections, which are counted from here on, are read when they are scraped.
     */
    public synchronized void addJvm() {
        if (collections == null) {
            collections = new JvmGcMetrics();
            collections.bindTo(registry);
            new ClassLoaderMetrics().bindTo(registry);
            new JvmMemoryMetrics().bindTo(registry);
            new JvmThreadMetrics().bindTo(registry);
            new ProcessorMetrics().bindTo(registry);
            new UptimeMetrics().bindTo(registry);
        }
    }

    private static Duration[] millis(double... millis) {
        Duration[] durations = new Duration[millis.length];
        for (int i = 0; i < millis.length; i++) {
            durations[i] = Duration.ofNanos((long) (millis[i] * 1_000_000));
        }
        return durations;
    }

    private Timer timer(String name, String description, Duration[] buckets) {
        return Timer.builder(name)
                .description(description)
                .serviceLevelObjectives(buckets)
                .register(registry);
    }

    private Counter bytes(String name, String description) {
        return Counter.builder(name).description(description).baseUnit("bytes").register(registry);
    }

    /** Gauges and counters that are read from the node's status when they are scraped. Once. */
    public void node(Supplier<NodeStatus> status) {
        gauge("balsa.raft.has.leader", "1 when this server knows a leader", status, s -> s.leader() == null ? 0 : 1);
        gauge("balsa.raft.is.leader", "1 when this server leads", status, s -> s.isLeader() ? 1 : 0);
        for (String role : new String[] {"follower", "pre-candidate", "candidate", "leader"}) {
            Gauge.builder("balsa.raft.role", status, s -> s.get().role().equals(role) ? 1 : 0)
                    .description("1 for the role that this server has")
                    .tag("role", role)
                    .strongReference(true)
                    .register(registry);
        }
        gauge("balsa.raft.term", "The current term", status, NodeStatus::term);
        counter("balsa.raft.leader.changes", "How often another leader was seen", status, NodeStatus::leaderChanges);
        gauge("balsa.raft.first.log.index", "The oldest entry of the log", status, NodeStatus::firstLogIndex);
        gauge(
                "balsa.raft.log.entries",
                "Entries that the log has",
                status,
                s -> s.lastLogIndex() + 1 - s.firstLogIndex());
        Gauge.builder("balsa.raft.log", status, s -> s.get().logEntryBytes())
                .description("What the log's entries take, without free pages")
                .baseUnit("bytes")
                .strongReference(true)
                .register(registry);
        gauge("balsa.raft.snapshot.index", "The last entry in a snapshot sent now", status, NodeStatus::snapshotIndex);
        gauge("balsa.raft.last.log.index", "The last entry of the log", status, NodeStatus::lastLogIndex);
        gauge("balsa.raft.commit.index", "The last entry known to be committed", status, NodeStatus::commitIndex);
        gauge("balsa.raft.applied.index", "The last entry applied", status, NodeStatus::lastApplied);
        gauge(
                "balsa.divergence.compared.index",
                "The last entry behind which this server's state was what a majority had",
                status,
                s -> s.comparisons().equalIndex());
        counter(
                "balsa.divergence.comparisons",
                "How often this server's state was compared with what a majority had",
                status,
                s -> s.comparisons().made());
        counter(
                "balsa.divergence.mismatches",
                "How often this leader found another server's state to differ",
                status,
                s -> s.comparisons().differences());
        gauge("balsa.kv.revision", "The store's revision", status, NodeStatus::revision);
        gauge("balsa.proposals.pending", "Writes that wait for their commit", status, NodeStatus::writesPending);
        gauge(
                "balsa.reads.pending",
                "Reads that wait for a majority or for the state",
                status,
                NodeStatus::readsPending);
        Gauge.builder("balsa.raft.unapplied", status, s -> s.get().unappliedBytes())
                .description("Bytes of log entries that this leader appended and has not applied")
                .baseUnit("bytes")
                .strongReference(true)
                .register(registry);
        for (NodeStatus.Member member : status.get().members()) {
            if (!member.id().equals(status.get().id())) {
                peer(status, member.id());
            }
        }
    }

    private void peer(Supplier<NodeStatus> status, NodeId id) {
        Gauge.builder("balsa.raft.peer.lag", status, s -> lag(s.get(), id))
                .description("Entries that a peer's disk is behind, on the leader")
                .baseUnit("entries")
                .tag("peer", id.toString())
                .strongReference(true)
                .register(registry);
        Gauge.builder("balsa.raft.peer.contact", status, s -> sinceContactSeconds(s.get(), id))
                .description("Since a peer was last heard from, on the leader")
                .baseUnit("seconds")
                .tag("peer", id.toString())
                .strongReference(true)
                .register(registry);
    }

    private static double lag(NodeStatus status, NodeId id) {
        for (NodeStatus.Member member : status.members()) {
            if (member.id().equals(id) && status.isLeader()) {
                return Math.max(0, status.lastLogIndex() - member.matchIndex());
            }
        }
        return Double.NaN;
    }

    private static double sinceContactSeconds(NodeStatus status, NodeId id) {
        for (NodeStatus.Member member : status.members()) {
            if (member.id().equals(id) && member.sinceContactMillis() >= 0) {
                return member.sinceContactMillis() / 1000.0;
            }
        }
        return Double.NaN;
    }

    private void gauge(
            String name, String description, Supplier<NodeStatus> status, ToDoubleFunction<NodeStatus> value) {
        Gauge.builder(name, status, s -> value.applyAsDouble(s.get()))
                .description(description)
                .strongReference(true)
                .register(registry);
    }

    private void counter(
            String name, String description, Supplier<NodeStatus> status, ToDoubleFunction<NodeStatus> value) {
        FunctionCounter.builder(name, status, s -> value.applyAsDouble(s.get()))
                .description(description)
                .register(registry);
    }

    /**
     * Sizes of the data directory. Once.
     *
     * @param setAside how many damaged stores this process has set aside
     */
    public void stores(Supplier<StoreSizes> sizes, int setAside) {
        FunctionCounter.builder("balsa.store.set.aside", sizes, s -> setAside)
                .description("Damaged stores that this process has set aside, to be filled anew by its peers")
                .register(registry);
        Gauge.builder("balsa.store.set.aside.stores", sizes, s -> s.get().setAsideStores())
                .description("Damaged stores in the data directory, kept for whoever wants to look at them")
                .strongReference(true)
                .register(registry);
        store("set-aside", sizes, StoreSizes::setAsideBytes);
        store("log", sizes, StoreSizes::logBytes);
        store("state", sizes, StoreSizes::stateBytes);
    }

    /**
     * The room that is left. Once.
     *
     * @param roomBytes what can still be written here
     * @param quotaBytes the most that the state may take
     * @param isShort whether this server, or another as far as it knows, has too little
     */
    public void space(LongSupplier roomBytes, long quotaBytes, BooleanSupplier isShort) {
        Gauge.builder("balsa.store.room", roomBytes, LongSupplier::getAsLong)
                .description("What can still be written to this server's disk, freed pages included")
                .baseUnit("bytes")
                .strongReference(true)
                .register(registry);
        Gauge.builder("balsa.store.quota", () -> quotaBytes)
                .description("The most that the state may take")
                .baseUnit("bytes")
                .strongReference(true)
                .register(registry);
        Gauge.builder("balsa.store.short", isShort, s -> s.getAsBoolean() ? 1 : 0)
                .description("1 when writes that make the state grow are refused for want of room")
                .strongReference(true)
                .register(registry);
    }

    private void store(String name, Supplier<StoreSizes> sizes, ToDoubleFunction<StoreSizes> value) {
        Gauge.builder("balsa.store.size", sizes, s -> value.applyAsDouble(s.get()))
                .description("What a store takes on disk")
                .baseUnit("bytes")
                .tag("store", name)
                .strongReference(true)
                .register(registry);
    }

    /** What the HTTP door holds. Once. */
    public void http(IntSupplier connections, IntSupplier requests, LongSupplier bytes) {
        Gauge.builder("balsa.http.connections", connections, IntSupplier::getAsInt)
                .description("Open client connections")
                .strongReference(true)
                .register(registry);
        Gauge.builder("balsa.http.in.flight.requests", requests, IntSupplier::getAsInt)
                .description("Requests accepted and not yet answered")
                .strongReference(true)
                .register(registry);
        Gauge.builder("balsa.http.in.flight", bytes, LongSupplier::getAsLong)
                .description("Bytes of the bodies of requests in flight")
                .baseUnit("bytes")
                .strongReference(true)
                .register(registry);
    }

    /** For one method of one route; the answers' statuses become a label. */
    public HttpTimer httpTimer(String method, String route) {
        return new HttpTimer(status -> Timer.builder("balsa.http.requests")
                .description("From a request's header to its answer")
                .tags("method", method, "route", route, "status", Integer.toString(status))
                .serviceLevelObjectives(HTTP_BUCKETS)
                .register(registry));
    }

    /** The Raft thread finished a turn. */
    public void turn(long nanos) {
        turn.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** The log committed {@code entryCount} entries of {@code bytes} bytes to disk, which took {@code nanos}. */
    public void logCommit(long nanos, int entryCount, long bytes) {
        logCommit.record(nanos, TimeUnit.NANOSECONDS);
        entries.record(entryCount);
        logBytes.increment((double) bytes);
    }

    /** The state was committed to disk. */
    public void stateCommit(long nanos) {
        checkpoint.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** A whole snapshot was sent, {@code nanos} after its first chunk. */
    public void snapshotSent(long nanos) {
        snapshotSent.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** A whole snapshot was received and stored, {@code nanos} after its first chunk. */
    public void snapshotReceived(long nanos) {
        snapshotReceived.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** A snapshot has replaced state and log, which took the Raft thread {@code nanos}. */
    public void snapshotInstalled(long nanos) {
        snapshotInstalled.record(nanos, TimeUnit.NANOSECONDS);
    }

    public void snapshotChunkSent(int bytes) {
        snapshotSentBytes.increment(bytes);
    }

    public void snapshotChunkReceived(int bytes) {
        snapshotReceivedBytes.increment(bytes);
    }

    /** A snapshot was not {@code sent} to its end, or could not be used as {@code received}. */
    public void snapshotFailed(String direction) {
        Counter.builder("balsa.snapshots.failed")
                .description("Snapshots that were not sent to their end, or could not be used")
                .tag("direction", direction)
                .register(registry)
                .increment();
    }

    /** A write was committed {@code nanos} after it was proposed. */
    public void proposalCommitted(long nanos) {
        proposal.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** A read of that consistency was served {@code nanos} after it reached the Raft thread; 0 when it had to wait for nothing. */
    public void readServed(String consistency, long nanos) {
        reads.computeIfAbsent(
                        consistency,
                        c -> Timer.builder("balsa.reads.wait")
                                .description("What a read waits for a majority and for the state, until it is served")
                                .tag("consistency", c)
                                .serviceLevelObjectives(HTTP_BUCKETS)
                                .register(registry))
                .record(nanos, TimeUnit.NANOSECONDS);
    }

    /** A read was refused; {@code reason} is one of a few words. */
    public void readFailed(String reason) {
        readFailures
                .computeIfAbsent(
                        reason,
                        r -> Counter.builder("balsa.reads.failed")
                                .description("Reads that were refused")
                                .tag("reason", r)
                                .register(registry))
                .increment();
    }

    /** A write was refused, or its outcome is not known; {@code reason} is one of a few words. */
    public void proposalFailed(String reason) {
        proposalFailures
                .computeIfAbsent(
                        reason,
                        r -> Counter.builder("balsa.proposals.failed")
                                .description("Writes that were refused, or whose outcome is not known")
                                .tag("reason", r)
                                .register(registry))
                .increment();
    }

    /** The whole process stood still. */
    public void paused(long nanos) {
        pauses.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** A commit of the log took longer than the threshold. */
    public void slowCommit() {
        slowCommits.increment();
    }

    /**
     * This server's part in an election is over.
     *
     * @param trigger one of a few words
     * @param outcome {@code won}, {@code followed} or {@code none}
     * @param durationMillis until it knew the leader; negative: not known
     * @param leaderlessMillis since it had last heard from a leader; negative: not known
     */
    public void election(String trigger, String outcome, long durationMillis, long leaderlessMillis) {
        Counter.builder("balsa.elections")
                .description("Elections that this server took part in; those that it won are the cluster's")
                .tags("trigger", trigger, "outcome", outcome)
                .register(registry)
                .increment();
        electionTimer(
                "balsa.elections.duration",
                "From an election's begin until a leader was known",
                outcome,
                durationMillis);
        electionTimer(
                "balsa.elections.leaderless",
                "From the last word of the old leader until a new one was known",
                outcome,
                leaderlessMillis);
    }

    private void electionTimer(String name, String description, String outcome, long millis) {
        if (millis >= 0) {
            Timer.builder(name)
                    .description(description)
                    .tag("outcome", outcome)
                    .serviceLevelObjectives(HTTP_BUCKETS)
                    .register(registry)
                    .record(millis, TimeUnit.MILLISECONDS);
        }
    }

    /** What goes between the servers. Once. */
    public void transport(Supplier<TransportTotals> totals) {
        transport("sent.messages", "Messages sent to peers", null, totals, TransportTotals::messagesSent);
        transport("sent", "Bytes sent to peers", "bytes", totals, TransportTotals::bytesSent);
        transport("received.messages", "Messages received from peers", null, totals, TransportTotals::messagesReceived);
        transport("received", "Bytes received from peers", "bytes", totals, TransportTotals::bytesReceived);
        transport(
                "dropped.messages",
                "Messages dropped: peer away or slow",
                null,
                totals,
                TransportTotals::messagesDropped);
        transport("connects", "Connections to peers established", null, totals, TransportTotals::connects);
        transport("losses", "Established connections lost", null, totals, TransportTotals::losses);
        transport("refusals", "Connections refused", null, totals, TransportTotals::refusals);
        Gauge.builder("balsa.transport.peers.connected", totals, t -> t.get().peersConnected())
                .description("Peers that can be sent to")
                .strongReference(true)
                .register(registry);
    }

    private void transport(
            String name,
            String description,
            @Nullable String unit,
            Supplier<TransportTotals> totals,
            ToDoubleFunction<TransportTotals> value) {
        FunctionCounter.builder("balsa.transport." + name, totals, t -> value.applyAsDouble(t.get()))
                .description(description)
                .baseUnit(unit)
                .register(registry);
    }

    /** All meters, as OpenMetrics when {@code accept} asks for that, else as Prometheus text. Takes milliseconds. */
    public Scrape scrape(@Nullable String accept) {
        addJvm();
        boolean openMetrics = accept != null && accept.contains("application/openmetrics-text");
        String contentType = openMetrics
                ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                : "text/plain; version=0.0.4; charset=utf-8";
        return new Scrape(contentType, registry.scrape(contentType));
    }

    @Override
    public synchronized void close() {
        if (collections != null) {
            collections.close();
        }
        registry.close();
    }

    /** What Prometheus gets. */
    public record Scrape(String contentType, String text) {}
}

package io.balsa;

import io.balsa.http.HttpApi;
import io.balsa.http.HttpConfig;
import io.balsa.http.HttpPorts;
import io.balsa.kv.KvStateMachine;
import io.balsa.metrics.Metrics;
import io.balsa.metrics.StoreSizes;
import io.balsa.metrics.TransportTotals;
import io.balsa.node.Compaction;
import io.balsa.node.DamagedStoreException;
import io.balsa.node.Election;
import io.balsa.node.ElectionJournal;
import io.balsa.node.ElectionStory;
import io.balsa.node.Gaps;
import io.balsa.node.PauseWatch;
import io.balsa.node.RaftLoop;
import io.balsa.node.RaftThread;
import io.balsa.node.Shortage;
import io.balsa.node.SpaceGuard;
import io.balsa.node.StorageException;
import io.balsa.node.Timeouts;
import io.balsa.raft.LeaseConfig;
import io.balsa.raft.Membership;
import io.balsa.raft.MembershipCodec;
import io.balsa.raft.NodeId;
import io.balsa.raft.Raft;
import io.balsa.storage.DataDirectory;
import io.balsa.storage.LmdbJournal;
import io.balsa.storage.LmdbLog;
import io.balsa.storage.LmdbSnapshots;
import io.balsa.storage.LmdbState;
import io.balsa.storage.Scrub;
import io.balsa.storage.SetAsideStore;
import io.balsa.storage.Space;
import io.balsa.transport.Greeting;
import io.balsa.transport.TcpTransport;
import io.balsa.transport.TransportConfig;
import io.balsa.transport.TransportStats;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server: the whole object graph, wired by hand. It serves from {@link #start} until {@link #close}; when an invariant
 * breaks or the disk fails, it halts the process, since nothing it holds may be trusted then.
 */
public final class Server implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /** As sysexits.h has it: an internal software error. */
    static final int EXIT_HALTED = 70;

    /** Netty's events for the flight recorder: their classes are made at each start. Who wants the events says so. */
    private static final String NETTY_JFR = "io.netty.jfr.enabled";

    private static final int EVENT_LOOPS = 2;
    private static final int REQUESTS_MAX = 16_384;
    private static final int MESSAGE_BATCHES_MAX = 16_384;
    private static final long HAND_OVER_MILLIS_MAX = 2_000;
    private static final long START_SECONDS_MAX = 30;
    private static final long STOP_SECONDS_MAX = 15;
    /** After the start, which they would make longer. */
    private static final long JVM_METERS_MILLIS = 5_000;

    private final ServerConfig config;
    private final List<AutoCloseable> opened;
    private final CompletableFuture<@Nullable DamagedStoreException> ended = new CompletableFuture<>();
    private final DataDirectory directory;
    private final Metrics metrics;
    private final LmdbJournal journalStore;
    private final ElectionJournal journal;
    private final Gaps pauses = new Gaps();
    private final Gaps commits = new Gaps();
    private final LmdbLog log;
    private final LmdbState state;
    private final Telemetry telemetry;
    private final LmdbSnapshots snapshots;
    private final Space space;
    private final SpaceWatch spaceWatch;
    private final Vertx vertx;
    private final TcpTransport transport;
    private final @Nullable Formation formation;
    private final RaftThread raftThread;
    private final HttpApi http;
    private final List<SetAsideStore> setAsides;
    private @Nullable Thread closing;

    /** @param opened takes what is to be closed, also when this fails half way */
    private Server(ServerConfig config, int storesSetAside, List<AutoCloseable> opened) {
        this.config = config;
        this.opened = opened;
        directory = closeLater(DataDirectory.open(config.dataDirectory(), config.clusterId(), config.id()));
        metrics = closeLater(new Metrics());
        if (config.scrub()) {
            scrub();
        }
        journalStore = closeLater(LmdbJournal.open(directory, LOG::warn));
        journal = new ElectionJournal(
                config.id(),
                config.timeouts(),
                journalStore.kept(),
                System::nanoTime,
                System::currentTimeMillis,
                pauses,
                commits,
                this::electionIsOver);
        log = closeLater(LmdbLog.open(directory, config.logMapBytes(), metrics::logCommit));
        state = closeLater(LmdbState.open(
                directory,
                config.stateMapBytes(),
                LmdbState.TABLE_BYTES_DEFAULT,
                new Checkpoints(config.id(), metrics)));
        telemetry =
                new Telemetry(config.id(), metrics, journal, commits, config.slowCommitMillis(), this::noteMembership);
        snapshots = closeLater(new LmdbSnapshots(
                state,
                directory,
                config.stateMapBytes(),
                config.snapshotBytesPerSecond(),
                this::raftThread,
                this::halt,
                telemetry));
        log.finishInstall(state.installed());
        space = new Space(directory, log, state, config.space());
        spaceWatch = new SpaceWatch(config.id(), space, this::shortageOfOthers);
        vertx = openVertx(EVENT_LOOPS);
        transport = new TcpTransport(
                openVertx(1), // Raft's own: a turn waits for the disk, and only connections that write may wait along.
                transportConfig(),
                envelopes -> raftThread().receive(envelopes),
                peer -> raftThread().connectionClosed(peer),
                this::met,
                () -> raftThread().status().lastLogIndex(),
                space);
        KvStateMachine stateMachine = new KvStateMachine(state);
        Membership membership = membership(stateMachine);
        transport.membership(membership); // Before the first hello: it says by which directory a peer is known.
        formation = membership.isEmpty() && !config.join() && !directory.isReplacement() ? formation() : null;
        raftThread = new RaftThread(
                loop(stateMachine, membership), transport.thread(), REQUESTS_MAX, MESSAGE_BATCHES_MAX, this::halt);
        http = new HttpApi(HttpConfig.at(config.http().host(), config.http().port()), ports());
        metrics.node(raftThread::status);
        setAsides = directory.setAsides();
        metrics.stores(this::storeSizes, storesSetAside);
        metrics.space(space::roomBytes, config.space().quotaBytes(), () -> spaceWatch.shortage() != null);
        metrics.transport(this::transportTotals);
    }

    private Vertx openVertx(int eventLoops) {
        if (System.getProperty(NETTY_JFR) == null) {
            System.setProperty(NETTY_JFR, "false");
        }
        Vertx opened = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(eventLoops)
                .setPreferNativeTransport(true)
                .setMaxEventLoopExecuteTime(Long.MAX_VALUE)); // What hangs is told by /livez and the slow commits.
        closeLater(() -> await(opened.close(), STOP_SECONDS_MAX));
        return opened;
    }

    private TransportConfig transportConfig() {
        return new TransportConfig(
                config.id(),
                config.clusterId(),
                directory.id(),
                config.raftAddress().toString(),
                config.httpUrl(),
                config.raft(),
                config.peers(),
                firstAddresses());
    }

    private void scrub() {
        Scrub.Result read = Scrub.run(directory);
        if (read.records() > 0) {
            LOG.info(
                    "{} has checked its store: {} records on {} MiB in {} ms",
                    config.id(),
                    read.records(),
                    read.bytes() >> 20,
                    read.nanos() / 1_000_000);
        }
    }

    /** Only a hint for the day on which the log cannot be read: a disk that takes no more may do without. */
    private void noteMembership(Membership membership) {
        try {
            directory.noteVoters(membership.voters());
        } catch (StorageException failure) {
            LOG.warn("{} cannot note who votes: {}", config.id(), failure.getMessage());
        }
    }

    /** The transport calls this only after {@link #open} has started it, when the field is set. */
    private RaftThread raftThread() {
        return raftThread;
    }

    /** As of what the state has applied; none for a server that has yet to be told. */
    private Membership membership(KvStateMachine stateMachine) {
        KvStateMachine.RecordedMembership recorded = stateMachine.membership();
        if (recorded != null) {
            return MembershipCodec.decode(recorded.index(), recorded.command());
        }
        Membership first = directory.firstMembership();
        return first == null ? Membership.NONE : first;
    }

    private Map<NodeId, String> firstAddresses() {
        Map<NodeId, String> addresses = new TreeMap<>();
        Membership first = directory.firstMembership();
        if (first != null) {
            first.members().forEach(member -> addresses.put(member.id(), member.address()));
        }
        return addresses;
    }

    private Formation formation() {
        return new Formation(
                config.id(),
                config.clusterId(),
                directory.id(),
                config.raftAddress().toString(),
                config.peers().keySet(),
                first -> {
                    directory.form(first);
                    LOG.info("{} begins the cluster {} with {}", config.id(), config.clusterId(), first);
                    raftThread().form(first);
                });
    }

    private void met(Greeting greeting) {
        if (formation != null && raftThread().status().membership().isEmpty()) {
            formation.met(greeting);
        }
    }

    private RaftLoop loop(KvStateMachine stateMachine, Membership membership) {
        // Drawn anew at each start: the election timeouts, and the ids of reads, which must never come twice.
        SplittableRandom random = new SplittableRandom(new SecureRandom().nextLong());
        Raft raft = new Raft(
                config.id(),
                directory.id(),
                membership,
                config.timeouts().toConfig().with(leases()),
                random,
                log.hardState(),
                log,
                state.lastApplied());
        return new RaftLoop(
                raft,
                stateMachine,
                log,
                snapshots,
                new Compaction(config.compaction()),
                transport,
                telemetry,
                System::nanoTime,
                config.timeouts(),
                random.nextLong());
    }

    /** The directory knows of the pledge before the first one is given. */
    private LeaseConfig leases() {
        long pledgeMillis = config.readLeases() ? config.timeouts().electionMillisMin() : 0;
        long formerMillis = directory.pledge(pledgeMillis);
        return new LeaseConfig(
                TimeUnit.MILLISECONDS.toNanos(pledgeMillis),
                TimeUnit.MILLISECONDS.toNanos(formerMillis),
                Timeouts.CLOCK_DRIFT_PERCENT);
    }

    /** Of any other voter that tells of one: what is written must fit on all of them. */
    private @Nullable Shortage shortageOfOthers() {
        for (NodeId voter : raftThread.status().membership().voters()) {
            Shortage other = transport.shortageOf(voter);
            if (other != null) {
                return other;
            }
        }
        return null;
    }

    private void electionIsOver(Election election, boolean amended) {
        journalStore.save(election);
        if (amended) {
            return;
        }
        LOG.info("{}", ElectionStory.of(List.of(election)).sentence());
        metrics.election(
                election.trigger().word(), election.outcome(), election.durationMillis(), election.leaderlessMillis());
    }

    private HttpPorts ports() {
        return new HttpPorts(
                new SpaceGuard(raftThread, spaceWatch, telemetry),
                new HandOver(vertx, raftThread),
                new Visit(transport),
                this::httpUrlOf,
                metrics,
                journal::elections,
                raftThread::lastTurnAgeMillis,
                this::storeSizes,
                spaceWatch,
                config.space().quotaBytes(),
                config.space().minFreeBytes(),
                version(),
                config.clusterId());
    }

    /**
     * Opens the data directory, joins the cluster and serves clients.
     *
     * @param storesSetAside by this process before; to be counted
     * @throws IOException when a port is not free
     * @throws DamagedStoreException when what it stored is not what it reads; all is closed again
     * @throws StorageException when the data directory is in use, or belongs to another server, or the disk fails
     */
    public static Server start(ServerConfig config, int storesSetAside) throws IOException, InterruptedException {
        List<AutoCloseable> opened = new ArrayList<>();
        try {
            Server server = new Server(config, storesSetAside, opened);
            server.open();
            return server;
        } catch (IOException | InterruptedException | RuntimeException failure) {
            closeAll(config.id(), opened);
            throw failure;
        }
    }

    private void open() throws IOException, InterruptedException {
        PauseWatch watch = closeLater(new PauseWatch(pauses, metrics::paused));
        watch.start();
        closeLater(spaceWatch).start();
        raftThread.start();
        closeLater(raftThread::close);
        if (formation != null) {
            formation.formIfComplete();
        } else if (raftThread.status().membership().isEmpty()) {
            LOG.info(
                    directory.isReplacement()
                            ? "{} has lost its store and waits, without a vote, until the leader takes it in again"
                            : "{} waits to be taken in: balsa member add {}={}",
                    config.id(),
                    config.id(),
                    config.raftAddress());
        }
        int raftPort = await(transport.start(), START_SECONDS_MAX);
        closeLater(() -> await(transport.close(), STOP_SECONDS_MAX));
        http.servesWritesOn(transport.context());
        int httpPort = await(http.start(vertx, EVENT_LOOPS), START_SECONDS_MAX);
        closeLater(() -> await(http.stop(), STOP_SECONDS_MAX));
        vertx.setTimer(JVM_METERS_MILLIS, timer -> vertx.executeBlocking(Executors.callable(metrics::addJvm)));
        LOG.info(
                "{} {} of cluster {} serves HTTP on {}:{}, peers on port {}, data in {}, sockets by {}",
                config.id(),
                version(),
                config.clusterId(),
                config.http().host(),
                httpPort,
                raftPort,
                config.dataDirectory(),
                vertx.isNativeTransportEnabled() ? "epoll" : "the JDK");
    }

    /** The port that clients are served on. */
    public int httpPort() {
        return http.port();
    }

    /** Hands its leadership over, answers what it can, and ends. Safe to call twice. */
    @Override
    public synchronized void close() {
        if (closing != null) {
            return;
        }
        closing = Thread.currentThread();
        LOG.info("{} is shutting down", config.id());
        HandOver.beforeShutdown(raftThread, HAND_OVER_MILLIS_MAX);
        closeAll(config.id(), opened);
        LOG.info("{} has shut down", config.id());
        ended.complete(null);
    }

    /** Blocks until {@link #close}, then null, or until the store turns out to be damaged: {@link #abandon} it then. */
    @Nullable
    DamagedStoreException awaitEnd() throws InterruptedException {
        try {
            return ended.get();
        } catch (ExecutionException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** Closes everything, writes nothing. */
    synchronized void abandon() {
        if (closing != null) {
            return;
        }
        closing = Thread.currentThread();
        state.abandon();
        log.abandon();
        closeAll(config.id(), opened);
    }

    private static void closeAll(NodeId self, List<AutoCloseable> opened) {
        for (int i = opened.size() - 1; i >= 0; i--) {
            try {
                opened.get(i).close();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            } catch (Exception failure) { // The others must be closed all the same.
                LOG.warn("{}: closing failed: {}", self, failure.toString());
            }
        }
        opened.clear();
    }

    private <T extends AutoCloseable> T closeLater(T resource) {
        opened.add(resource);
        return resource;
    }

    /**
     * A damaged store is left to {@link ServerRun}. Else the process ends at once and without closing anything: an orderly end
     * would write to a disk, or from a state, that is wrong.
     */
    private void halt(Throwable failure) {
        if (failure instanceof DamagedStoreException damage) {
            ended.complete(damage);
            return;
        }
        if (failure instanceof StorageException) {
            LOG.error("{} halts, its disk failed: {}", config.id(), failure.getMessage(), failure);
        } else {
            LOG.error("{} halts, an invariant is broken; this is a bug in Balsa", config.id(), failure);
        }
        Runtime.getRuntime().halt(EXIT_HALTED);
    }

    private @Nullable String httpUrlOf(NodeId node) {
        return node.equals(config.id()) ? config.httpUrl() : transport.httpUrlOf(node);
    }

    private StoreSizes storeSizes() {
        return new StoreSizes(
                log.usedBytes(),
                state.usedBytes(),
                setAsides.size(),
                setAsides.stream().mapToLong(SetAsideStore::bytes).sum());
    }

    private TransportTotals transportTotals() {
        TransportStats stats = transport.stats();
        return new TransportTotals(
                stats.messagesSent(),
                stats.bytesSent(),
                stats.messagesReceived(),
                stats.bytesReceived(),
                stats.messagesDropped(),
                stats.connects(),
                stats.losses(),
                stats.refusals(),
                stats.peersConnected());
    }

    static String version() {
        String version = Server.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private static <T> T await(Future<T> future, long seconds) throws IOException, InterruptedException {
        try {
            return future.toCompletionStage().toCompletableFuture().get(seconds, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            throw cause instanceof IOException io ? io : new IOException(String.valueOf(cause), cause);
        } catch (TimeoutException late) {
            throw new IOException("not done within " + seconds + " s", late);
        }
    }
}

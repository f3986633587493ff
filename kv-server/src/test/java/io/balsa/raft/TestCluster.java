package io.balsa.raft;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A few cores, driven by hand through their public methods: nothing ticks, and no message arrives, unless the test says
 * so. After each input a server does all that follows from it, as its loop would.
 */
final class TestCluster {
    static final RaftConfig CONFIG = RaftConfig.ofTicks(10, 20, 3);

    /** Followers wait as long as what they have seen of their leader tells them, as by default in production. */
    static final RaftConfig PATIENT = RaftConfig.ofTicks(15, 50, 100, 5);

    static final long TICK_NANOS = 10_000_000;

    /** Every server pledges the shortest election timeout. */
    static final RaftConfig WITH_LEASES = CONFIG.with(new LeaseConfig(10 * TICK_NANOS, 0, 20));

    /** One core with its disk. */
    static final class Server {
        final NodeId id;
        TestLog disk;
        String directoryId = "";
        final List<LogEntry> applied = new ArrayList<>();
        final List<Ready.ReadState> reads = new ArrayList<>();
        final List<Transition> transitions = new ArrayList<>();
        /** Transfers that it reads for others: how many chunks so far. */
        final TreeMap<TransferId, Integer> reading = new TreeMap<>();

        long appliedIndex;
        long clockNanos;

        /** Not 0: its state is not what the log makes of it. */
        long wrongBy;

        Raft raft;
        boolean down;

        Server(NodeId id, TestLog disk, Raft raft) {
            this.id = id;
            this.disk = disk;
            this.raft = raft;
        }
    }

    /** Server 1 waits as short as it may, and each server a tick longer than the one before it. */
    record InOrder(int id) implements RandomGenerator {
        @Override
        public long nextLong() {
            return id;
        }

        @Override
        public int nextInt(int bound) {
            return Math.min(id - 1, bound - 1);
        }

        @Override
        public int nextInt(int origin, int bound) {
            return origin + nextInt(bound - origin);
        }
    }

    /** Sees what servers do. */
    interface Watcher {
        default void sent(Envelope envelope) {}

        default void became(NodeId server, Transition transition) {}

        default void applied(NodeId server, LogEntry entry) {}

        default void installed(NodeId server, EntryId lastIncluded) {}

        default void confirmed(NodeId server, Ready.ReadState read) {}
    }

    private static final Watcher NOBODY = new Watcher() {};

    private final Membership membership;
    private final RaftConfig config;
    private final Watcher watcher;
    private final TreeMap<Integer, Server> servers = new TreeMap<>();
    private final TreeMap<Integer, RandomGenerator> randoms = new TreeMap<>();
    private final List<Envelope> inFlight = new ArrayList<>();
    private final boolean[][] cut;
    private long nextReadId = 1;

    TestCluster(int size) {
        this(size, CONFIG);
    }

    TestCluster(int size, RaftConfig config) {
        this(size, config, NOBODY, InOrder::new);
    }

    /** @param random each server's source of timeouts */
    TestCluster(int size, RaftConfig config, Watcher watcher, IntFunction<RandomGenerator> random) {
        this(size, size, config, watcher, random);
    }

    /** @param voters how many of the servers the cluster begins with; the others wait to be taken in */
    TestCluster(int voters, int size, RaftConfig config, Watcher watcher, IntFunction<RandomGenerator> random) {
        this.config = config;
        this.watcher = watcher;
        List<NodeId> ids = new ArrayList<>();
        for (int id = 1; id <= size; id++) {
            ids.add(new NodeId(id));
            randoms.put(id, random.apply(id));
        }
        membership = Membership.of(ids.subList(0, voters));
        cut = new boolean[size + 1][size + 1];
        for (NodeId id : ids) {
            servers.put(id.value(), start(id));
            pause(id.value(), 0);
        }
    }

    private Server start(NodeId id) {
        TestLog disk = new TestLog();
        return new Server(id, disk, core(id, "", disk, 0));
    }

    private Raft core(NodeId id, String directoryId, TestLog disk, long formerPledgeNanos) {
        RandomGenerator random = randoms.get(id.value());
        if (random == null) {
            throw new AssertionError("no server " + id);
        }
        // A wiped server, too, waits until it is told: it has forgotten that the cluster knew it.
        Membership first = membership.holds(id, directoryId) ? membership : Membership.NONE;
        LeaseConfig leases = config.leases();
        return new Raft(
                id,
                directoryId,
                first,
                config.with(new LeaseConfig(leases.pledgeNanos(), formerPledgeNanos, leases.clockDriftPercent())),
                random,
                disk.hardState(),
                disk,
                disk.anchor().index());
    }

    Server server(int id) {
        Server server = servers.get(id);
        if (server == null) {
            throw new AssertionError("no server " + id);
        }
        return server;
    }

    Raft raft(int id) {
        return server(id).raft;
    }

    List<Server> servers() {
        return List.copyOf(servers.values());
    }

    /** Gives a server, before anything has happened, a log and a term as if it had a history. */
    void haveHistory(int id, long currentTerm, long... terms) {
        Server server = server(id);
        List<LogEntry> entries = new ArrayList<>();
        for (int i = 0; i < terms.length; i++) {
            entries.add(new LogEntry(i + 1, terms[i], command("t" + terms[i])));
        }
        server.disk.write(new HardState(currentTerm, null), entries);
        server.raft = core(server.id, server.directoryId, server.disk, 0);
    }

    static ByteBuffer command(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer();
    }

    /** The terms of a log's entries. */
    static List<Long> terms(TestLog log) {
        return log.entries().stream().map(LogEntry::term).toList();
    }

    // Inputs.

    /** It learns that all servers are here. */
    void form(int id) {
        raft(id).form(Membership.of(
                List.copyOf(servers().stream().map(server -> server.id).toList())));
        turn(id);
    }

    void tick(int id, int times) {
        for (int i = 0; i < times; i++) {
            pause(id, 1);
            server(id).raft.tick();
            turn(id);
        }
    }

    /** Its clock goes on, and it does nothing. */
    void pause(int id, int ticks) {
        Server server = server(id);
        server.clockNanos += ticks * TICK_NANOS;
        server.raft.leases().now(server.clockNanos);
    }

    Proposal propose(int id, String command) {
        Proposal proposal = raft(id).propose(command(command));
        turn(id);
        return proposal;
    }

    Proposal change(int id, MembershipChange change, long expectedRevision) {
        Proposal proposal = raft(id).changeMembership(change, expectedRevision);
        turn(id);
        return proposal;
    }

    /** A learner on this cluster's terms, for {@link MembershipChange.Add}. */
    static Member learner(int id, Member.Standing standing) {
        return new Member(new NodeId(id), standing, "", "");
    }

    /** The id under which the answer comes. */
    long readIndex(int id) {
        long read = nextReadId++;
        raft(id).readIndex(read);
        turn(id);
        return read;
    }

    /** A message out of nowhere. */
    void step(int from, int to, Message message) {
        raft(to).step(new Envelope(new NodeId(from), new NodeId(to), message));
        turn(to);
    }

    /** Ends it; what it had in memory is gone. */
    void crash(int id) {
        server(id).down = true;
    }

    void restart(int id) {
        Server server = server(id);
        server.down = false;
        server.applied.clear();
        server.reading.clear();
        server.appliedIndex = server.disk.anchor().index();
        server.raft =
                core(server.id, server.directoryId, server.disk, config.leases().pledgeNanos());
        pause(id, 0);
        turn(id);
    }

    /** Starts it on an empty disk. */
    void wipe(int id, String directoryId) {
        server(id).disk = new TestLog();
        server(id).directoryId = directoryId;
        restart(id);
    }

    /** Does what follows, until nothing follows any more. */
    void turn(int id) {
        Server server = server(id);
        boolean worked;
        do {
            Ready ready = server.raft.takeReady(1 << 20);
            send(ready.messages());
            install(server, ready.snapshot());
            server.applied.addAll(ready.committed());
            server.reads.addAll(ready.reads());
            server.transitions.addAll(ready.transitions());
            server.disk.write(ready.hardState(), ready.entries());
            send(ready.promises());
            server.raft.written();
            server.appliedIndex += ready.committed().size();
            ready.committed()
                    .forEach(entry -> server.raft.digests().applied(entry.index(), hash(server, entry.index())));
            ready.snapshotTasks().forEach(task -> work(server, task));
            worked = !ready.snapshotTasks().isEmpty(); // What came of it is an input.
            ready.transitions().forEach(transition -> watcher.became(server.id, transition));
            ready.committed().forEach(entry -> watcher.applied(server.id, entry));
            ready.reads().forEach(read -> watcher.confirmed(server.id, read));
        } while (worked || server.raft.hasReady(true));
    }

    /** Of the state behind an entry. */
    private static long hash(Server server, long index) {
        return 31 * index + server.wrongBy;
    }

    // Snapshots: what a state holds up to entry 7 is the text "all up to 7", in chunks of four bytes.

    /** Lets a server's log go up to this entry, as its state holds it. */
    void compact(int id, long index) {
        server(id).disk.cutThrough(index);
    }

    private void install(Server server, Ready.@Nullable Snapshot snapshot) {
        if (snapshot != null) {
            server.disk.reset(snapshot.lastIncluded());
            server.appliedIndex = snapshot.lastIncluded().index();
            server.wrongBy = 0;
            server.raft.digests().replaced(server.appliedIndex, hash(server, server.appliedIndex));
            watcher.installed(server.id, snapshot.lastIncluded());
        }
    }

    private static void work(Server server, SnapshotTask task) {
        if (task instanceof SnapshotTask.Read read) {
            int chunk = server.reading.merge(read.transfer(), 1, Integer::sum) - 1;
            byte[] all = ("all up to " + server.appliedIndex).getBytes(StandardCharsets.UTF_8);
            int end = Math.min(all.length, 4 * chunk + 4);
            ByteBuffer data = ByteBuffer.wrap(Arrays.copyOfRange(all, 4 * chunk, end));
            server.raft
                    .snapshotResults()
                    .read(new SnapshotChunk(read.transfer(), server.appliedIndex, 4L * chunk, data, end == all.length));
        } else if (task instanceof SnapshotTask.EndRead end) {
            server.reading.remove(end.transfer());
        } else if (task instanceof SnapshotTask.Store store) {
            Message.InstallSnapshot chunk = store.chunk();
            server.raft
                    .snapshotResults()
                    .stored(chunk.transferId(), chunk.offset() + chunk.data().remaining(), chunk.done());
        }
    }

    // The network.

    private void send(List<Envelope> envelopes) {
        for (Envelope envelope : envelopes) {
            watcher.sent(envelope);
            if (!cut[envelope.from().value()][envelope.to().value()]) {
                inFlight.add(envelope);
            }
        }
    }

    List<Envelope> inFlight() {
        return List.copyOf(inFlight);
    }

    void cut(int from, int to) {
        cut[from][to] = true;
    }

    void isolate(int id) {
        for (int other : servers.keySet()) {
            cut(id, other);
            cut(other, id);
        }
    }

    void heal() {
        for (boolean[] links : cut) {
            Arrays.fill(links, false);
        }
    }

    /** Loses those in flight that match. */
    void drop(Predicate<Envelope> which) {
        inFlight.removeIf(which);
    }

    /** Takes those in flight that match, to be delivered later or never. */
    List<Envelope> take(Predicate<Envelope> which) {
        List<Envelope> taken = inFlight.stream().filter(which).toList();
        inFlight.removeAll(taken);
        return taken;
    }

    void deliver(List<Envelope> envelopes) {
        for (Envelope envelope : envelopes) {
            int to = envelope.to().value();
            if (!server(to).down) {
                raft(to).step(envelope);
                turn(to);
            }
        }
    }

    /** Delivers what is in flight now and matches; what follows from it stays in flight. */
    void deliver(Predicate<Envelope> which) {
        deliver(take(which));
    }

    /** Delivers everything, and everything that follows from it. */
    void settle() {
        for (int round = 0; !inFlight.isEmpty(); round++) {
            if (round > 10_000) {
                throw new AssertionError("messages without end: " + inFlight);
            }
            deliver(envelope -> true);
        }
    }

    // Stories that many tests begin with.

    /** Lets {@code id} time out and win, its messages arriving at once. */
    void elect(int id) {
        tick(id, config.electionTicksMax());
        settle();
        if (!raft(id).isLeader()) {
            throw new AssertionError("n" + id + " did not win");
        }
    }

    /** Ticks every server that runs and delivers everything, {@code times} times. */
    void run(int times) {
        for (int i = 0; i < times; i++) {
            for (Server server : servers.values()) {
                if (!server.down) {
                    tick(server.id.value(), 1);
                }
            }
            settle();
        }
    }

    /** The servers that believe to lead, in order. */
    List<Integer> leaders() {
        return servers.values().stream()
                .filter(server -> !server.down && server.raft.isLeader())
                .map(server -> server.id.value())
                .toList();
    }
}

package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.kv.Key;
import io.balsa.node.NodeStatus;
import io.balsa.raft.Envelope;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.balsa.raft.Transition;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** One seed's world: its servers, clients, network and adversary, from the first event to the verdict. */
public final class Simulation {
    /** Where a run ended well. */
    public record Result(long seed, long hash, long virtualMicros, Map<String, Long> counts) {}

    /** Keys whose operations the history records. */
    static final String KEYS = "k/";

    /** Keys that are also deleted by range, which only the committed log can judge. */
    static final String RANGE_KEYS = "r/";

    private static final long SECOND = 1_000_000;
    private static final long FAULTS_MICROS = 14 * SECOND;

    /** A transfer that a fault has broken is given up within six seconds. */
    private static final int STANDSTILL_SECONDS_MAX = 15;

    /** Each write that nobody knows the outcome of doubles what a check may have to look at. */
    private static final int UNCERTAIN_WRITES_MAX = 5;

    final Scheduler scheduler = new Scheduler();
    final Fingerprint fingerprint = new Fingerprint();
    final Trace trace;
    final Faults faults;
    final SimulatedNetwork network;
    final CommittedLog committed;
    final Checks checks;

    /** Only what clients and operators see is judged; {@link #checks} look away. */
    final boolean blind;

    final History history;
    final Answers answers = new Answers();
    long onceCalls;

    private final long seed;
    private final SplittableRandom random;
    private final Membership first;
    private final Map<String, SimulatedDisk> disks = new TreeMap<>();
    private final List<SimulatedServer> servers = new ArrayList<>();
    private final List<SimulatedClient> clients = new ArrayList<>();
    private final Set<Key> knownKeys = new HashSet<>();
    private final int[] generations;
    private final int[] uncertainWrites;
    private final Set<ByteBuffer> neverApplied = new HashSet<>();
    private final Set<ByteBuffer> committedCommands = new HashSet<>();
    private final Map<String, Long> counts = new TreeMap<>();
    private long messages;
    private boolean healed;

    private Simulation(long seed, boolean traced, boolean blind) {
        this.seed = seed;
        this.blind = blind;
        random = new SplittableRandom(seed);
        faults = new Faults(random.split());
        trace = new Trace(scheduler, traced);
        trace.add(() -> "seed " + seed + ": " + faults);
        network = new SimulatedNetwork(scheduler, random.split(), faults, this::deliver);
        committed = new CommittedLog(faults.idempotencyRecordsMax, knownKeys);
        checks = blind ? new Checks() {} : new Invariants(this);
        history = new History(() -> scheduler.nowMicros() / 1_000);
        generations = new int[faults.keys];
        uncertainWrites = new int[faults.keys];
        first = first(faults.servers);
        committed.begin(first);
        for (int number = 1; number <= faults.servers + faults.spares; number++) {
            SimulatedServer server = new SimulatedServer(this, new NodeId(number), random.split());
            servers.add(server);
            disks.put(server.directoryId, server.disk);
            checkpointLater(server);
        }
        for (int number = 1; number <= faults.clients; number++) {
            clients.add(new SimulatedClient(this, number, random.split()));
        }
    }

    private static Membership first(int voters) {
        return new Membership(
                0,
                "simulated",
                IntStream.rangeClosed(1, voters)
                        .mapToObj(NodeId::new)
                        .map(id ->
                                new Member(id, Member.Standing.VOTER, SimulatedServer.directoryId(id, 0), "host" + id))
                        .toList());
    }

    /** Runs one seed; throws {@link SimulationFailure} when a property does not hold. */
    public static Result run(long seed) {
        return new Simulation(seed, false, false).run();
    }

    /**
     * The same world, judged only by what its clients saw and by whether it recovers: to show that the judgement of
     * histories is no idle one.
     */
    public static Result runBlind(long seed) {
        return new Simulation(seed, false, true).run();
    }

    /** Runs it once more and returns the last events, and what failed. */
    public static List<String> trace(long seed) {
        Simulation simulation = new Simulation(seed, true, false);
        List<String> lines = new ArrayList<>();
        try {
            simulation.run();
            lines.addAll(simulation.trace.lines());
        } catch (SimulationFailure failure) {
            lines.addAll(simulation.trace.lines());
            lines.add(failure.getMessage());
        }
        return lines;
    }

    private Result run() {
        try {
            startAll();
            clients.forEach(SimulatedClient::start);
            new Adversary(this, random.split()).start();
            scheduler.runUntil(FAULTS_MICROS);
            heal();
            recover();
            judge();
        } catch (SimulationFailure failure) {
            throw failure;
        } catch (AssertionError broken) {
            throw failure("Check", broken);
        } catch (RuntimeException unexpected) {
            throw failure("NoException", unexpected);
        }
        for (SimulatedDisk disk : disks.values()) {
            count("entries read from disk", disk.entriesRead());
            count("entries replaced", disk.entriesReplaced());
            count("entries cut", disk.entriesCut());
        }
        count("entries committed", committed.lastIndex());
        count("messages", messages);
        count("events", scheduler.scheduled());
        fingerprint.add(committed.lastIndex());
        return new Result(seed, fingerprint.value(), scheduler.nowMicros(), counts);
    }

    private static SimulationFailure failure(String property, Throwable cause) {
        SimulationFailure failure = new SimulationFailure(property, cause.toString());
        failure.initCause(cause);
        return failure;
    }

    private void heal() {
        trace.add(() -> "everything heals");
        healed = true;
        network.healForGood();
        startAll();
        servers.forEach(SimulatedServer::recover);
    }

    /** After the faults: a leader soon, progress, then equal servers and silence. */
    private void recover() {
        scheduler.runUntil(
                scheduler.nowMicros() + faults.electionsUntilLeader * faults.timeouts.electionMillisMax() * 1_000);
        NodeId leader = agreedLeader();
        long term = status(server(leader)).term();
        Map<String, Long> before = new TreeMap<>(counts);
        scheduler.runUntil(scheduler.nowMicros() + 2 * SECOND + clientTimeoutMicros());
        progress(before, "write");
        progress(before, "read");

        clients.forEach(SimulatedClient::stop);
        scheduler.runUntil(scheduler.nowMicros() + SECOND + 2 * clientTimeoutMicros());
        for (SimulatedClient client : clients) {
            unless(client.idle(), "Progress", "a client still waits");
        }
        if (!blind) {
            catchUp();
            equalServers();
        }

        long messagesBefore = messages;
        scheduler.runUntil(scheduler.nowMicros() + SECOND);
        long heartbeats = SECOND / (faults.timeouts.heartbeatMillis() * 1_000L) + 2;
        unless(
                messages - messagesBefore <= 3 * heartbeats * (members().size() - 1) + strangers(heartbeats),
                "MessagesDoNotMultiply",
                "an idle cluster of %d sends %d messages a second",
                members().size(),
                messages - messagesBefore);
        unless(
                agreedLeader().equals(leader) && status(server(leader)).term() == term,
                "StableLeader",
                "%s led term %d, and no fault has happened since; now %s leads term %d",
                leader,
                term,
                agreedLeader(),
                status(server(agreedLeader())).term());
    }

    /** One call may be on its way; of two, one must have succeeded. */
    private void progress(Map<String, Long> before, String kind) {
        long done = since(before, kind) + since(before, "retried " + kind);
        long begun = since(before, kind + " begun");
        unless(
                done > 0 || begun < 2,
                "Progress",
                "after everything has healed, none of %d calls to %s succeeds",
                begun,
                kind);
    }

    private long since(Map<String, Long> before, String what) {
        return counts.getOrDefault(what, 0L) - before.getOrDefault(what, 0L);
    }

    /**
     * Tiny windows and messages make it slow, but the last one must come further, be it by a snapshot. A learner that has
     * caught up at last is promoted, which is one more entry.
     */
    private void catchUp() {
        long least = -1;
        long applied = leastApplied();
        int standstillSeconds = 0;
        while (applied < lastLogIndex()) {
            standstillSeconds = applied > least ? 0 : standstillSeconds + 1;
            unless(
                    standstillSeconds <= STANDSTILL_SECONDS_MAX,
                    "EqualServers",
                    "%d entries are committed, and %d is where it ends",
                    committed.lastIndex(),
                    applied);
            least = applied;
            scheduler.runUntil(scheduler.nowMicros() + SECOND);
            applied = leastApplied();
        }
    }

    private long lastLogIndex() {
        return members().stream()
                .mapToLong(server -> status(server).lastLogIndex())
                .max()
                .orElseThrow();
    }

    private long leastApplied() {
        return members().stream()
                .mapToLong(server -> status(server).lastApplied())
                .min()
                .orElseThrow();
    }

    /** Voters and learners, as committed. */
    private List<SimulatedServer> members() {
        return committed.membership().members().stream()
                .map(member -> server(member.id()))
                .toList();
    }

    /** What servers that were removed may send, which ask for votes for ever, and what they are answered. */
    private long strangers(long heartbeats) {
        return 2 * heartbeats * servers.size() * (servers.size() - members().size());
    }

    private NodeId agreedLeader() {
        NodeId leader = status(members().get(0)).leader();
        for (SimulatedServer server : members()) {
            NodeStatus status = status(server);
            unless(
                    leader != null && leader.equals(status.leader()),
                    "LeaderAfterHealing",
                    "%d election timeouts after everything has healed, %s follows %s and %s follows %s",
                    faults.electionsUntilLeader,
                    members().get(0).id,
                    leader,
                    server.id,
                    status.leader());
        }
        if (leader == null || !server(leader).isLeader()) {
            throw new SimulationFailure("LeaderAfterHealing", leader + " is followed and does not lead");
        }
        return leader;
    }

    private void equalServers() {
        NodeStatus one = status(members().get(0));
        for (SimulatedServer server : members()) {
            NodeStatus status = status(server);
            unless(
                    status.lastApplied() == committed.lastIndex()
                            && status.lastLogIndex() == one.lastLogIndex()
                            && status.lastApplied() == status.lastLogIndex(),
                    "EqualServers",
                    "%d entries are committed; %s",
                    committed.lastIndex(),
                    status);
            unless(
                    status.writesPending() == 0 && status.readsPending() == 0,
                    "AnsweredOnce",
                    "requests still wait: %s",
                    status);
            SimulatedServer.Life life = running(server);
            unless(
                    life.snapshots.open() == 0,
                    "NoOpenSnapshot",
                    "%s holds %d snapshots open that nobody needs",
                    server.id,
                    life.snapshots.open());
            committed.checkStateHash(server.id.toString(), status.lastApplied(), life.machine.stateHash());
            checks.journal(server, status, life.journal.elections());
        }
    }

    private void judge() {
        for (SimulatedServer server : servers) {
            running(server).loop.stop();
        }
        answers.checkAllGiven();
        LinearizabilityChecker.Verdict verdict = LinearizabilityChecker.check(history);
        if (verdict instanceof LinearizabilityChecker.Verdict.Violation violation) {
            throw new SimulationFailure("Linearizability", violation.explanation());
        }
        if (verdict instanceof LinearizabilityChecker.Verdict.TooHard tooHard) {
            count("histories too hard to check");
            trace.add(tooHard::toString);
        }
    }

    private static SimulatedServer.Life running(SimulatedServer server) {
        SimulatedServer.Life life = server.life();
        if (life == null) {
            throw new SimulationFailure("Progress", server.id + " is down after everything has healed");
        }
        return life;
    }

    private static NodeStatus status(SimulatedServer server) {
        return running(server).loop.status();
    }

    // What the parts of the world ask of it.

    /** Apart from all others: snapshots change nothing where there are none. */
    SplittableRandom snapshotRandom(NodeId server) {
        return new SplittableRandom(31 * seed + server.value());
    }

    boolean healed() {
        return healed;
    }

    List<SimulatedServer> servers() {
        return servers;
    }

    SimulatedServer server(NodeId id) {
        return servers.get(id.value() - 1);
    }

    /** Somewhere a client may ask: at last it has been told who belongs to the cluster. */
    SimulatedServer asked(SplittableRandom chance) {
        List<SimulatedServer> known = healed ? members() : servers;
        return known.get(chance.nextInt(known.size()));
    }

    /** Of a data directory that a server has, or had before it was wiped. */
    SimulatedDisk disk(String directoryId) {
        return Objects.requireNonNull(disks.get(directoryId), directoryId);
    }

    /** Empties a server's disks, unless that would be more than a minority's; false then. */
    boolean wipe(SimulatedServer server) {
        if (!isMinority(server)) {
            return false;
        }
        server.wipe();
        disks.put(server.directoryId, server.disk);
        return true;
    }

    /**
     * Of every membership that any server may go by, a majority of the voters still has the disk that it is known by. A learner
     * counts as a voter here: its promotion may be under way.
     */
    private boolean isMinority(SimulatedServer wiped) {
        List<Membership> inUse = new ArrayList<>(List.of(committed.membership()));
        for (SimulatedServer server : servers) {
            for (long index :
                    server.disk.memberships().tailSet(committed.membership().revision())) {
                inUse.add(server.disk.entry(index).membership());
            }
            SimulatedServer.Life life = server.life();
            if (life != null) {
                inUse.add(life.raft.membership());
            }
        }
        return inUse.stream().allMatch(membership -> {
            long intact = membership.members().stream()
                    .filter(Member::isVoter)
                    .filter(voter ->
                            !voter.id().equals(wiped.id) && voter.directoryId().equals(server(voter.id()).directoryId))
                    .count();
            int voters = membership.voters().size() + (membership.isVoter(wiped.id) ? 0 : 1);
            return !membership.contains(wiped.id) || intact >= voters / 2 + 1;
        });
    }

    /** No voter's disk was wiped since the membership took it in. */
    boolean isIntact(Membership membership) {
        return membership.members().stream()
                .filter(Member::isVoter)
                .allMatch(voter -> voter.directoryId().equals(server(voter.id()).directoryId));
    }

    void startAll() {
        for (SimulatedServer server : servers) {
            if (server.life() == null) {
                server.start(first);
            }
        }
    }

    void transition(SimulatedServer server, Transition transition) {
        trace.add(() -> server.id + " becomes " + transition.role() + " of " + transition.leader() + " in term "
                + transition.term() + ": " + transition.trigger());
        fingerprint.add(server.id.value());
        fingerprint.add(transition.term());
        fingerprint.add(transition.role());
        if (transition.role().equals("leader")) {
            count("leader elected");
        }
        checks.transition(server, transition);
    }

    void sent(SimulatedServer server, List<Envelope> envelopes) {
        messages += envelopes.size();
        checks.sent(server, envelopes);
    }

    private void deliver(Envelope envelope) {
        checks.received(server(envelope.to()), envelope);
        server(envelope.to()).receive(loop -> loop.receive(List.of(envelope)));
    }

    /** The others' connections to it close, and mostly they notice. */
    void crashed(SimulatedServer ended) {
        count("crash");
        if (!faults.crashesAreNoticed) {
            return;
        }
        for (SimulatedServer server : servers) {
            if (random.nextInt(4) > 0) {
                scheduler.in(
                        random.nextLong(100, 5_000),
                        () -> server.receive(loop -> {
                            if (!server.id.equals(ended.id)) {
                                loop.connectionClosed(ended.id);
                            }
                        }));
            }
        }
    }

    private void checkpointLater(SimulatedServer server) {
        scheduler.in(random.nextLong(faults.checkpointMaxMicros), () -> {
            server.checkpoint();
            checkpointLater(server);
        });
    }

    /** An entry that nobody has committed before. */
    void committed(LogEntry entry, long inTerm) {
        unless(
                !neverApplied.contains(entry.command()),
                "NotAppliedIsNeverApplied",
                "%s was refused as not applied",
                entry.id());
        committed.extend(entry, inTerm);
        committedCommands.add(entry.command());
        fingerprint.add(entry.index());
        fingerprint.add(entry.term());
        fingerprint.add(entry.command());
    }

    /** A client was told so of this command, which is like no other. */
    void neverApplied(ByteBuffer command) {
        unless(
                !committedCommands.contains(command),
                "NotAppliedIsNeverApplied",
                "a write that is committed was refused as not applied");
        neverApplied.add(command);
    }

    boolean answerIsLost(SplittableRandom chance) {
        return !healed && chance.nextDouble() < faults.answerLoss;
    }

    /** Clients are in a hurry only while it makes things worse. */
    long clientTimeoutMicros() {
        return healed ? Math.max(SECOND, faults.clientTimeoutMicros) : faults.clientTimeoutMicros;
    }

    long diskMicrosMax() {
        return healed ? faults.calmDiskMaxMicros : faults.diskMaxMicros;
    }

    /** One of the keys in use. */
    Key key(SplittableRandom chance) {
        int key = chance.nextInt(faults.keys);
        return known(Key.of(KEYS + key + "." + generations[key]));
    }

    Key known(Key key) {
        knownKeys.add(key);
        return key;
    }

    /** Nobody will ever know whether a write of this key took effect: after some of them, another key is used. */
    void uncertain(Key key) {
        for (int i = 0; i < faults.keys; i++) {
            if (key.equals(Key.of(KEYS + i + "." + generations[i])) && ++uncertainWrites[i] >= UNCERTAIN_WRITES_MAX) {
                uncertainWrites[i] = 0;
                generations[i]++;
            }
        }
    }

    void count(String what) {
        count(what, 1);
    }

    private void count(String what, long times) {
        counts.merge(what, times, Long::sum);
    }
}

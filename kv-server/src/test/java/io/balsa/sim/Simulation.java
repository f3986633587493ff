package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.kv.Key;
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

    static final long SECOND = 1_000_000;
    static final long FAULTS_MICROS = 14 * SECOND;

    /** Each write that nobody knows the outcome of doubles what a check may have to look at. */
    private static final int UNCERTAIN_WRITES_MAX = 5;

    final Scheduler scheduler = new Scheduler();
    final Fingerprint fingerprint = new Fingerprint();
    final Trace trace;
    final Faults faults;
    final SimulatedNetwork network;
    final CommittedLog committed;
    final Checks checks;
    final Divergences divergences;

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
        divergences = new Divergences(this, new SplittableRandom(37 * seed));
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
            divergences.start();
            scheduler.runUntil(FAULTS_MICROS);
            heal();
            new Recovery(this).run();
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

    private void judge() {
        for (SimulatedServer server : servers) {
            Recovery.running(server).loop.stop();
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

    // What the parts of the world ask of it.

    List<SimulatedClient> clients() {
        return clients;
    }

    /** Sent by now, by all servers. */
    long messages() {
        return messages;
    }

    /** How often each thing has happened by now. */
    Map<String, Long> counts() {
        return new TreeMap<>(counts);
    }

    /** Voters and learners, as committed. */
    List<SimulatedServer> members() {
        return committed.membership().members().stream()
                .map(member -> server(member.id()))
                .toList();
    }

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
        replaceDisks(server);
        return true;
    }

    /** Whatever that costs. */
    void replaceDisks(SimulatedServer server) {
        server.wipe();
        disks.put(server.directoryId, server.disk);
    }

    /**
     * Of every membership that any server may go by, a majority of the voters still has the disk that it is known by. A learner
     * counts as a voter here: its promotion may be under way. A disk whose state is wrong counts as wiped: it soon will be.
     */
    boolean isMinority(SimulatedServer wiped) {
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
                    .filter(voter -> !voter.id().equals(wiped.id) && isIntact(voter))
                    .count();
            int voters = membership.voters().size() + (membership.isVoter(wiped.id) ? 0 : 1);
            return !membership.contains(wiped.id) || intact >= voters / 2 + 1;
        });
    }

    private boolean isIntact(Member member) {
        SimulatedServer server = server(member.id());
        return member.directoryId().equals(server.directoryId) && !server.isSuspect();
    }

    /** No voter's disk was wiped since the membership took it in, or is about to be. */
    boolean isIntact(Membership membership) {
        return membership.members().stream().filter(Member::isVoter).allMatch(this::isIntact);
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

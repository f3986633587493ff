package io.balsa.sim;

import io.balsa.kv.KvStateMachine;
import io.balsa.kv.MemoryState;
import io.balsa.kv.Reference;
import io.balsa.kv.StateHash;
import io.balsa.node.Compaction;
import io.balsa.node.DamagedStoreException;
import io.balsa.node.Election;
import io.balsa.node.ElectionJournal;
import io.balsa.node.Gaps;
import io.balsa.node.Input;
import io.balsa.node.Observer;
import io.balsa.node.RaftLoop;
import io.balsa.raft.Divergence;
import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.HardState;
import io.balsa.raft.LeaseConfig;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.MembershipCodec;
import io.balsa.raft.NodeId;
import io.balsa.raft.Raft;
import io.balsa.raft.Transition;
import io.balsa.raft.Vote;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One machine: a disk that lasts, and a process that runs the real {@link RaftLoop} until it crashes. Turns follow the
 * rules of {@code RaftThread}: a turn whenever something came in and at each tick, none while the last one lasts, and
 * one late tick after a pause.
 */
final class SimulatedServer implements SimulatedDisk.Hooks {
    /** Ends a turn where the process ends. */
    private static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1;

        Crash() {
            super("crash", null, false, false);
        }
    }

    /** From start to crash. */
    static final class Life {
        final Raft raft;
        final RaftLoop loop;
        final KvStateMachine machine;
        final SimulatedState state;
        final ElectionJournal journal;
        final SimulatedSnapshots snapshots;
        final int number;
        private List<Input> inbox = new ArrayList<>();
        private long nextTickMicros;
        private long freeAtMicros;
        private long nextTurnMicros = Long.MAX_VALUE;
        private boolean more;

        Life(
                Raft raft,
                RaftLoop loop,
                KvStateMachine machine,
                SimulatedState state,
                ElectionJournal journal,
                SimulatedSnapshots snapshots,
                int number) {
            this.raft = raft;
            this.loop = loop;
            this.machine = machine;
            this.state = state;
            this.journal = journal;
            this.snapshots = snapshots;
            this.number = number;
        }
    }

    private static final int INBOX_MAX = 2_000;
    private static final int HASH_EVERY_ENTRIES = 8;
    private static final long TURN_MICROS = 20;
    private static final long TICK_MICROS = 10_000;

    final NodeId id;
    SimulatedDisk disk = new SimulatedDisk(this);
    String directoryId;
    private final Simulation world;
    private final SplittableRandom random;
    private final long tickMicros;
    private final Gaps pauses = new Gaps();
    private final TreeMap<Long, Election> savedElections = new TreeMap<>();
    private MemoryState memory = new MemoryState();
    private EntryId installed = EntryId.NONE;
    private @Nullable Life life;
    private int processes;
    private int wipes;

    /** The state in memory, or the one on disk, is not what the log makes of it. */
    private boolean diverged;

    private boolean durablyDiverged;
    private long turnMicros;
    private long slowUntilMicros;
    private long slowDiskMicros;

    SimulatedServer(Simulation world, NodeId id, SplittableRandom random) {
        this.world = world;
        this.id = id;
        this.random = random;
        long drift = TICK_MICROS * world.faults.clockDriftPercent / 100;
        this.tickMicros = TICK_MICROS
                - drift
                + (world.faults.extremeClocks ? 2 * drift * random.nextInt(2) : random.nextLong(2 * drift + 1));
        this.directoryId = directoryId(id, 0);
    }

    /** Of the server's first data directory, or of the one after so many wipes. */
    static String directoryId(NodeId id, int wipes) {
        return id + "." + wipes;
    }

    /** Null while it is down. */
    @Nullable
    Life life() {
        return life;
    }

    boolean isLeader() {
        return life != null && life.raft.isLeader();
    }

    /** Between two heartbeats, by this server's clock. */
    long heartbeatMicros() {
        return world.faults.config.heartbeatTicks() * tickMicros;
    }

    /**
     * Starts a process from what the disks hold; it may crash before it runs.
     *
     * @param first the cluster's first membership, which a server remembers if it was there
     */
    void start(Membership first) {
        try {
            disk.finishInstall(installed);
        } catch (Crash crash) {
            world.trace.add(() -> id + " crashes as it starts");
            world.count("crash amid a start");
            return;
        }
        SimulatedState state = new SimulatedState(memory, this::applied, this::writeLost);
        KvStateMachine machine = Reference.machine(state, world.faults.idempotencyRecordsMax);
        SimulatedSnapshots snapshots = new SimulatedSnapshots(world, this, state);
        Raft raft = new Raft(
                id,
                directoryId,
                membership(machine, first),
                world.faults.config.with(leases()),
                random.split(),
                disk.hardState(),
                disk,
                machine.lastApplied());
        ElectionJournal journal = new ElectionJournal(
                id,
                world.faults.timeouts,
                List.copyOf(savedElections.values()),
                () -> world.scheduler.nowMicros() * 1_000,
                () -> world.scheduler.nowMicros() / 1_000,
                pauses,
                new Gaps(),
                (election, amended) -> savedElections.put(election.number(), election));
        Observer observer = new Observer() {
            @Override
            public void turn(long nanos, int inputs) {
                journal.turn();
            }

            @Override
            public void transition(Transition transition) {
                journal.transition(transition);
                world.transition(SimulatedServer.this, transition);
            }

            @Override
            public void vote(Vote vote) {
                journal.vote(vote);
            }

            @Override
            public void statesDiffer(Divergence found) {
                world.divergences.found(SimulatedServer.this, found);
            }

            @Override
            public void heardFromLeader() {
                journal.heardFromLeader();
            }
        };
        RaftLoop loop = new RaftLoop(
                raft,
                machine,
                disk,
                snapshots,
                new Compaction(world.faults.compaction),
                this::send,
                observer,
                this::clockNanos,
                world.faults.timeouts,
                random.nextLong(Long.MAX_VALUE / 2));
        Life started = new Life(raft, loop, machine, state, journal, snapshots, ++processes);
        life = started;
        long now = world.scheduler.nowMicros();
        started.nextTickMicros = now + tickMicros;
        turnMicros = 0;
        world.trace.add(() -> id + " starts with " + disk.hardState() + ", log " + disk.last() + ", applied "
                + machine.lastApplied());
        world.checks.started(this, started);
        schedule(started, now);
    }

    private LeaseConfig leases() {
        LeaseConfig drawn = world.faults.leases(random, disk.pledged(0));
        disk.pledged(drawn.pledgeNanos());
        return drawn;
    }

    /** From an origin of its own, and as fast as its ticks. */
    private long clockNanos() {
        return world.scheduler.nowMicros() * 1_000 * TICK_MICROS / tickMicros - id.value() * 1_000_000_000_000L;
    }

    /** It would serve reads by lease now, if it was not paused. */
    boolean holdsLease() {
        if (life == null) {
            return false;
        }
        life.raft.leases().now(clockNanos());
        return life.raft.leases().readIndex() >= 0;
    }

    private Membership membership(KvStateMachine machine, Membership first) {
        KvStateMachine.RecordedMembership recorded = machine.membership();
        if (recorded != null) {
            return MembershipCodec.decode(recorded.index(), recorded.command());
        }
        Member self = first.member(id);
        return self != null && self.directoryId().equals(directoryId) ? first : Membership.NONE;
    }

    /** The process ends, and the disks are empty when the next one starts. */
    void wipe() {
        crash("wiped");
        wipes++;
        directoryId = directoryId(id, wipes);
        disk = new SimulatedDisk(this);
        memory = new MemoryState();
        installed = EntryId.NONE;
        durablyDiverged = false;
        diverged = false;
        savedElections.clear();
        world.trace.add(() -> id + " has an empty disk now, " + directoryId);
    }

    /** The process ends here and now; what it had in memory is gone. */
    void crash(String why) {
        Life ended = life;
        if (ended == null) {
            return;
        }
        world.trace.add(() -> id + " crashes: " + why);
        life = null;
        memory = ended.state.memory().crash();
        diverged = durablyDiverged;
        world.crashed(this);
    }

    /** Whether what it answers may be wrong. */
    boolean diverged() {
        return diverged;
    }

    /** Whether a copy of its state on disk would be wrong. */
    boolean durablyDiverged() {
        return durablyDiverged;
    }

    /** Whether its disk counts as lost: it is wrong, or soon will be. */
    boolean isSuspect() {
        return diverged || durablyDiverged || (life != null && life.state.loses());
    }

    /** The next write comes to nothing in this server's state alone. */
    void loseNextWrite() {
        if (life != null) {
            life.state.loseNextWrite();
        }
    }

    private void writeLost() {
        diverged = true;
        world.divergences.begun(this);
    }

    /** The process ends, and its disk has an index that the records on it have not reached; false: they have. */
    boolean crashWithIndexApart() {
        Life running = life;
        if (running == null) {
            return false;
        }
        MemoryState apart = running.state.memory().crashWithIndexApart();
        boolean membershipMissing = !disk.memberships()
                .subSet(running.state.durableIndex() + 1, running.state.lastApplied() + 1)
                .isEmpty();
        if (membershipMissing || StateHash.of(apart) == StateHash.of(running.state)) {
            return false;
        }
        crash("and its index is apart from its records");
        memory = apart;
        diverged = true;
        durablyDiverged = true;
        world.divergences.begun(this);
        return true;
    }

    void checkpoint() {
        if (life != null) {
            life.state.memory().checkpoint();
            durablyDiverged = diverged;
            world.checks.checkpointed(this, life);
        }
    }

    /** Nothing runs until then; what comes in waits. */
    void pauseUntil(long micros) {
        if (life != null) {
            world.trace.add(() -> id + " is paused until " + micros + " us");
            life.freeAtMicros = Math.max(life.freeAtMicros, micros);
            pauses.add(micros * 1_000, (micros - world.scheduler.nowMicros()) * 1_000);
        }
    }

    /** Each write takes this much longer until then. */
    void slowDisk(long writeMicros, long untilMicros) {
        slowDiskMicros = writeMicros;
        slowUntilMicros = untilMicros;
    }

    /** No longer paused, slow or out of room. */
    void recover() {
        slowUntilMicros = 0;
        if (life != null) {
            life.state.full(false);
            life.freeAtMicros = Math.min(life.freeAtMicros, world.scheduler.nowMicros());
            schedule(life, world.scheduler.nowMicros());
        }
    }

    /** Something comes in; false: the process is down, or its inbox full. */
    boolean receive(Input input) {
        Life running = life;
        if (running == null || running.inbox.size() >= INBOX_MAX) {
            return false;
        }
        running.inbox.add(input);
        schedule(running, world.scheduler.nowMicros());
        return true;
    }

    /** What came of a snapshot task; false: of a process that is no more. */
    boolean report(SimulatedSnapshots reporter, Input outcome) {
        Life running = life;
        if (running == null || running.snapshots != reporter) {
            return false;
        }
        running.inbox.add(outcome);
        schedule(running, world.scheduler.nowMicros());
        return true;
    }

    /** A snapshot takes the state's place, on the disk as in memory. */
    void install(EntryId lastIncluded, MemoryState whole, long micros) {
        Life running = life;
        if (running == null) {
            throw new AssertionError(id + " installs a snapshot while it is down");
        }
        crashAmidInstall();
        long appliedBefore = running.state.lastApplied();
        running.state.replaceBy(whole);
        durablyDiverged = false;
        diverged = false;
        installed = lastIncluded;
        turnMicros += micros;
        world.count("snapshot installed");
        world.fingerprint.add(lastIncluded.index());
        world.trace.add(() -> id + " installs a snapshot up to " + lastIncluded);
        world.checks.installed(this, running, lastIncluded, appliedBefore);
        crashAmidInstall();
    }

    private void crashAmidInstall() {
        if (!world.healed() && random.nextDouble() < world.faults.crashAmidInstall) {
            throw new Crash();
        }
    }

    private void schedule(Life running, long micros) {
        long at = Math.max(micros, running.freeAtMicros);
        if (at < running.nextTurnMicros) {
            running.nextTurnMicros = at;
            world.scheduler.at(at, () -> turnIfDue(running, at));
        }
    }

    private void turnIfDue(Life running, long scheduledMicros) {
        if (running != life || running.nextTurnMicros != scheduledMicros) {
            return; // It crashed, or an earlier turn took this one's place.
        }
        running.nextTurnMicros = Long.MAX_VALUE;
        if (running.freeAtMicros > scheduledMicros) {
            schedule(running, running.freeAtMicros); // Paused meanwhile.
            return;
        }
        turn(running);
    }

    private void turn(Life running) {
        long now = world.scheduler.nowMicros();
        List<Input> inputs = running.inbox;
        running.inbox = new ArrayList<>();
        if (now >= running.nextTickMicros) {
            inputs.add(RaftLoop::tick);
            running.nextTickMicros = Math.max(running.nextTickMicros + tickMicros, now);
        }
        turnMicros = TURN_MICROS;
        if (!inputs.isEmpty() || running.more) {
            try {
                running.more = running.loop.turn(inputs);
            } catch (Crash crash) {
                world.checks.turnEnded(this, running, false);
                crash("amid a write");
                return;
            } catch (DamagedStoreException found) {
                world.checks.turnEnded(this, running, false);
                crash(String.valueOf(found.getMessage()));
                world.divergences.setAside(this, String.valueOf(found.getMessage()));
                return;
            }
            world.checks.turnEnded(this, running, true);
            running.freeAtMicros = now + turnMicros;
        }
        boolean busy = running.more || !running.inbox.isEmpty();
        schedule(running, busy ? now : running.nextTickMicros);
        turnMicros = 0;
    }

    /** The loop's transport. */
    private void send(List<Envelope> envelopes) {
        Life running = life;
        if (running == null) {
            throw new AssertionError(id + " sends while it is down");
        }
        world.checks.observe(this, running);
        for (Envelope envelope : envelopes) {
            world.checks.sending(this, envelope);
            world.trace.add(() -> id + " -> " + envelope.to() + " " + envelope.message());
            world.network.send(envelope, turnMicros);
        }
        world.sent(this, envelopes);
    }

    @Override
    public void writing(SimulatedDisk written, @Nullable HardState hardState, List<LogEntry> entries) {
        world.checks.writing(this, hardState, entries);
        turnMicros += 100 + random.nextLong(world.diskMicrosMax());
        if (world.scheduler.nowMicros() < slowUntilMicros) {
            turnMicros += slowDiskMicros;
        }
    }

    @Override
    public void mayCrash(boolean beforeCommit) {
        double probability = beforeCommit ? world.faults.crashBeforeWrite : world.faults.crashAfterWrite;
        if (!world.healed() && probability > 0 && random.nextDouble() < probability) {
            throw new Crash();
        }
    }

    private void applied(long index) {
        Life running = life;
        if (running != null) {
            world.checks.applied(this, running, index);
            if (index % HASH_EVERY_ENTRIES == 0 && !world.blind) {
                world.committed.checkStateHash(this, running, index);
            }
        }
    }
}

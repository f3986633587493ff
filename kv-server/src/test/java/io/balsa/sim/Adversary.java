package io.balsa.sim;

import io.balsa.node.ChangeResult;
import io.balsa.raft.Member;
import io.balsa.raft.MembershipChange;
import io.balsa.raft.NodeId;
import io.balsa.raft.Raft;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Breaks machines, processes, links and disks, one act after the other, with what its seed allows it. */
final class Adversary {
    private final Simulation world;
    private final SplittableRandom random;

    Adversary(Simulation world, SplittableRandom random) {
        this.world = world;
        this.random = random;
    }

    void start() {
        world.scheduler.in(random.nextLong(world.faults.actMaxMicros), this::act);
    }

    private void act() {
        if (world.healed()) {
            return;
        }
        List<Faults.Act> acts = world.faults.acts;
        Faults.Act act = acts.get(random.nextInt(acts.size()));
        if (world.blind && act.changesMembership()) {
            start(); // Who belongs to the cluster would be known to nobody here.
            return;
        }
        world.trace.add(() -> "the adversary: " + act);
        world.count(act.name());
        switch (act) {
            case SPLIT -> split();
            case ISOLATE_LEADER -> isolate(leaderOrAny());
            case CUT_ONE_WAY -> world.network.cut(any().id, any().id);
            case CUT_SOME_LINKS -> cutSomeLinks();
            case HEAL -> world.network.heal();
            case CRASH -> any().crash("killed");
            case CRASH_LEADER -> leaderOrAny().crash("killed");
            case CRASH_ALL -> crashAll();
            case RESTART -> world.startAll();
            case PAUSE -> pause(any());
            case PAUSE_LEADER -> pause(leaderOrAny());
            case STRAND_LEADER -> strand(leaderOrAny());
            case SLOW_DISK -> slowDisk(random.nextBoolean() ? any() : leaderOrAny());
            case FILL_STATE -> fillState(any());
            case CLOSED_HINT -> closedHint();
            case TRANSFER -> transfer();
            case WIPE -> wipe(any());
            case ADD_SERVER -> addServer();
            case REMOVE_SERVER -> change(this::removal);
            case REMOVE_LEADER -> change(raft -> new MembershipChange.Remove(raft.self()));
            case PROMOTE -> change(this::promotion);
            case DISCONNECT_LEADER -> disconnect(leaderOrAny());
        }
        start();
    }

    private SimulatedServer any() {
        return world.servers().get(random.nextInt(world.servers().size()));
    }

    /** One of those that believe to lead: there may be several, and none may be the right one. */
    private SimulatedServer leaderOrAny() {
        List<SimulatedServer> leaders =
                world.servers().stream().filter(SimulatedServer::isLeader).toList();
        return leaders.isEmpty() ? any() : leaders.get(random.nextInt(leaders.size()));
    }

    private void split() {
        world.network.heal();
        boolean[] side = new boolean[world.servers().size()];
        for (int i = 0; i < side.length; i++) {
            side[i] = random.nextBoolean();
            for (int j = 0; j < i; j++) {
                if (side[i] != side[j]) {
                    world.network.cutBothWays(
                            world.servers().get(i).id, world.servers().get(j).id);
                }
            }
        }
    }

    private void isolate(SimulatedServer server) {
        boolean hears = random.nextInt(3) == 0;
        boolean speaks = !hears && random.nextInt(3) == 0;
        for (SimulatedServer other : world.servers()) {
            if (!speaks) {
                world.network.cut(server.id, other.id);
            }
            if (!hears) {
                world.network.cut(other.id, server.id);
            }
        }
    }

    private void cutSomeLinks() {
        world.network.heal();
        boolean bothWays = random.nextBoolean();
        for (SimulatedServer from : world.servers()) {
            for (SimulatedServer to : world.servers()) {
                if (random.nextInt(3) == 0) {
                    if (bothWays) {
                        world.network.cutBothWays(from.id, to.id);
                    } else {
                        world.network.cut(from.id, to.id);
                    }
                }
            }
        }
    }

    private void crashAll() {
        world.servers().forEach(server -> server.crash("power cut"));
        world.scheduler.in(random.nextLong(200_000), world::startAll);
    }

    private void pause(SimulatedServer server) {
        server.pauseUntil(world.scheduler.nowMicros() + random.nextLong(world.faults.pauseMaxMicros));
    }

    /**
     * Cut off from the others and stopped until they have another leader, it wakes, hears nothing of that, and finds
     * clients' requests waiting.
     */
    private void strand(SimulatedServer server) {
        isolate(server);
        long electionMicros = world.faults.timeouts.electionMillisMax() * 1_000L;
        server.pauseUntil(world.scheduler.nowMicros() + random.nextLong(electionMicros, 4 * electionMicros));
    }

    /** Its connections end, and the others notice that: they call an election as soon as they may. */
    private void disconnect(SimulatedServer server) {
        world.network.heal();
        world.servers().forEach(other -> world.network.cutBothWays(server.id, other.id));
        for (SimulatedServer other : world.servers()) {
            if (!other.id.equals(server.id)) {
                world.scheduler.in(
                        random.nextLong(100, 5_000), () -> other.receive(loop -> loop.connectionClosed(server.id)));
            }
        }
    }

    private void slowDisk(SimulatedServer server) {
        long until = world.scheduler.nowMicros() + random.nextLong(2_000_000);
        server.slowDisk(random.nextLong(1_000, 300_000), until);
    }

    private void fillState(SimulatedServer server) {
        SimulatedServer.Life life = server.life();
        if (life != null) {
            life.state.full(true);
            world.scheduler.in(random.nextLong(1_000_000), () -> life.state.full(false));
        }
    }

    /** That a connection closed says little: the process may be alive and well. */
    private void closedHint() {
        NodeId peer = leaderOrAny().id;
        for (SimulatedServer server : world.servers()) {
            if (random.nextBoolean() && !server.id.equals(peer)) {
                server.receive(loop -> loop.connectionClosed(peer));
            }
        }
    }

    private void wipe(SimulatedServer server) {
        if (world.wipe(server)) {
            world.count("disk wiped");
            world.scheduler.in(random.nextLong(500_000), world::startAll);
        }
    }

    /** As the operator is told to: with an empty disk. */
    private void addServer() {
        SimulatedServer.Life leader = leaderOrAny().life();
        if (leader == null) {
            return;
        }
        List<SimulatedServer> strangers = world.servers().stream()
                .filter(server -> !leader.raft.membership().contains(server.id))
                .toList();
        if (strangers.isEmpty()) {
            return;
        }
        SimulatedServer added = strangers.get(random.nextInt(strangers.size()));
        if (added.disk.last().index() > 0 && !world.wipe(added)) {
            return;
        }
        Member.Standing standing = random.nextInt(4) == 0 ? Member.Standing.LEARNER : Member.Standing.JOINING;
        Member member = new Member(added.id, standing, added.directoryId, "host" + added.id);
        world.startAll();
        change(raft -> new MembershipChange.Add(member));
    }

    private @Nullable MembershipChange removal(Raft raft) {
        List<Member> members = raft.membership().members();
        return members.isEmpty()
                ? null
                : new MembershipChange.Remove(
                        members.get(random.nextInt(members.size())).id());
    }

    private @Nullable MembershipChange promotion(Raft raft) {
        return raft.membership().members().stream()
                .filter(member -> !member.isVoter())
                .findFirst()
                .map(member -> new MembershipChange.Promote(member.id()))
                .orElse(null);
    }

    private void change(Function<Raft, @Nullable MembershipChange> chosen) {
        SimulatedServer leader = leaderOrAny();
        SimulatedServer.Life life = leader.life();
        MembershipChange change = life == null ? null : chosen.apply(life.raft);
        if (life == null || change == null) {
            return;
        }
        long revision = random.nextBoolean()
                ? MembershipChange.ANY_REVISION
                : life.raft.membership().revision();
        leader.receive(loop -> {
            // A disk that was wiped a moment ago may look alive: to remove another server then is more than the cluster
            // bears.
            if (!(change instanceof MembershipChange.Remove) || world.isIntact(life.raft.membership())) {
                loop.change(change, revision, 200, result -> changed(change, result));
            }
        });
    }

    private void changed(MembershipChange change, ChangeResult result) {
        world.trace.add(() -> "the operator asked for " + change + ": " + result);
        world.count(
                result instanceof ChangeResult.Rejected rejected
                        ? "change rejected: " + rejected.proposal().reason()
                        : "change: " + result.getClass().getSimpleName());
    }

    private void transfer() {
        @Nullable NodeId target = random.nextBoolean() ? null : any().id;
        leaderOrAny().receive(loop -> {
            if (loop.transferLeadership(target)) {
                world.count("transfer begun");
            }
        });
    }
}

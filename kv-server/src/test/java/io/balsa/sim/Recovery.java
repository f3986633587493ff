package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.node.NodeStatus;
import io.balsa.raft.NodeId;
import java.util.List;
import java.util.Map;

/** What must come back once all faults are over: a leader soon, progress, then equal servers and silence. */
final class Recovery {
    /** A transfer that a fault has broken is given up within six seconds. */
    private static final int STANDSTILL_SECONDS_MAX = 15;

    /** A question waits for ten of them, and the one before it may just have been asked. */
    private static final int DIVERGED_ELECTIONS_MAX = 40;

    private final Simulation world;

    Recovery(Simulation world) {
        this.world = world;
    }

    void run() {
        world.scheduler.runUntil(world.scheduler.nowMicros()
                + world.faults.electionsUntilLeader * world.faults.timeouts.electionMillisMax() * 1_000);
        divergedAreFound();
        NodeId leader = agreedLeader();
        long term = status(world.server(leader)).term();
        Map<String, Long> before = world.counts();
        world.scheduler.runUntil(world.scheduler.nowMicros() + 2 * Simulation.SECOND + world.clientTimeoutMicros());
        progress(before, "write");
        progress(before, "read");

        world.clients().forEach(SimulatedClient::stop);
        world.scheduler.runUntil(world.scheduler.nowMicros() + Simulation.SECOND + 2 * world.clientTimeoutMicros());
        for (SimulatedClient client : world.clients()) {
            unless(client.idle(), "Progress", "a client still waits");
        }
        if (!world.blind) {
            catchUp();
            equalServers();
        }

        long messagesBefore = world.messages();
        world.scheduler.runUntil(world.scheduler.nowMicros() + Simulation.SECOND);
        long heartbeats = Simulation.SECOND / (world.faults.timeouts.heartbeatMillis() * 1_000L) + 2;
        unless(
                world.messages() - messagesBefore
                        <= 3 * heartbeats * (world.members().size() - 1) + strangers(heartbeats),
                "MessagesDoNotMultiply",
                "an idle cluster of %d sends %d messages a second",
                world.members().size(),
                world.messages() - messagesBefore);
        unless(
                agreedLeader().equals(leader) && status(world.server(leader)).term() == term,
                "StableLeader",
                "%s led term %d, and no fault has happened since; now %s leads term %d",
                leader,
                term,
                agreedLeader(),
                status(world.server(agreedLeader())).term());
    }

    /** With the next write at the latest, once there is a leader and nobody is waited for any more; then another one may lead. */
    private void divergedAreFound() {
        long electionMicros = world.faults.timeouts.electionMillisMax() * 1_000L;
        long patienceMicros = DIVERGED_ELECTIONS_MAX * electionMicros + world.clientTimeoutMicros();
        long until = world.scheduler.nowMicros() + patienceMicros;
        long alarms = world.counts().getOrDefault("difference found", 0L);
        boolean any = false;
        while (world.members().stream().anyMatch(SimulatedServer::isSuspect)) {
            any = true;
            List<SimulatedServer> wrong =
                    world.members().stream().filter(SimulatedServer::isSuspect).toList();
            if (world.scheduler.nowMicros() >= until) {
                unless(
                        world.members().stream().anyMatch(Recovery::leadsAndCannotFill)
                                && world.counts().getOrDefault("difference found", 0L) > alarms,
                        "DivergedAreFound",
                        "%d us after everything has healed, nobody has found that the state of %s is wrong",
                        patienceMicros,
                        wrong.stream().map(server -> server.id).toList());
                wrong.forEach(world.divergences::decide);
                until += patienceMicros;
            }
            world.scheduler.runUntil(world.scheduler.nowMicros() + electionMicros);
        }
        if (any) {
            world.scheduler.runUntil(world.scheduler.nowMicros()
                    + Simulation.SECOND
                    + world.faults.electionsUntilLeader * electionMicros);
        }
    }

    /**
     * It leads, and somebody who would have to say who is wrong lacks what its log no longer has. It knows that its state is in doubt
     * and fills nobody: there is an alarm, and a person has to decide.
     */
    private static boolean leadsAndCannotFill(SimulatedServer server) {
        SimulatedServer.Life life = server.life();
        return life != null
                && life.raft.isLeader()
                && life.raft.membership().members().stream()
                        .anyMatch(member -> life.raft.matchIndexOf(member.id())
                                < life.raft.anchor().index());
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
        return world.counts().getOrDefault(what, 0L) - before.getOrDefault(what, 0L);
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
                    world.committed.lastIndex(),
                    applied);
            least = applied;
            world.scheduler.runUntil(world.scheduler.nowMicros() + Simulation.SECOND);
            applied = leastApplied();
        }
    }

    private long lastLogIndex() {
        return world.members().stream()
                .mapToLong(server -> status(server).lastLogIndex())
                .max()
                .orElseThrow();
    }

    private long leastApplied() {
        return world.members().stream()
                .mapToLong(server -> status(server).lastApplied())
                .min()
                .orElseThrow();
    }

    /** What servers that were removed may send, which ask for votes for ever, and what they are answered. */
    private long strangers(long heartbeats) {
        return 2
                * heartbeats
                * world.servers().size()
                * (world.servers().size() - world.members().size());
    }

    private NodeId agreedLeader() {
        NodeId leader = status(world.members().get(0)).leader();
        for (SimulatedServer server : world.members()) {
            NodeStatus status = status(server);
            unless(
                    leader != null && leader.equals(status.leader()),
                    "LeaderAfterHealing",
                    "%d election timeouts after everything has healed, %s follows %s and %s follows %s",
                    world.faults.electionsUntilLeader,
                    world.members().get(0).id,
                    leader,
                    server.id,
                    status.leader());
        }
        if (leader == null || !world.server(leader).isLeader()) {
            throw new SimulationFailure("LeaderAfterHealing", leader + " is followed and does not lead");
        }
        return leader;
    }

    private void equalServers() {
        NodeStatus one = status(world.members().get(0));
        for (SimulatedServer server : world.members()) {
            NodeStatus status = status(server);
            unless(
                    status.lastApplied() == world.committed.lastIndex()
                            && status.lastLogIndex() == one.lastLogIndex()
                            && status.lastApplied() == status.lastLogIndex(),
                    "EqualServers",
                    "%d entries are committed; %s",
                    world.committed.lastIndex(),
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
            world.committed.checkStateHash(server, life, status.lastApplied());
            world.checks.journal(server, status, life.journal.elections());
        }
    }

    static SimulatedServer.Life running(SimulatedServer server) {
        SimulatedServer.Life life = server.life();
        if (life == null) {
            throw new SimulationFailure("Progress", server.id + " is down after everything has healed");
        }
        return life;
    }

    private static NodeStatus status(SimulatedServer server) {
        return running(server).loop.status();
    }
}

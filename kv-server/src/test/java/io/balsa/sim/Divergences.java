package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.raft.Divergence;
import io.balsa.raft.NodeId;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Makes the state of a minority's servers wrong, in ways that no checksum shows, and judges what the servers make of it: who is
 * wrong is found and set aside, and nobody else ever is. Draws from a source of its own, so that worlds without this fault
 * are what they would be without this class.
 */
final class Divergences {
    private static final int TIMES_MAX = 4;

    private final Simulation world;
    private final SplittableRandom random;

    /** Data directories whose state was wrong at some time. */
    private final Set<String> wrong = new HashSet<>();

    Divergences(Simulation world, SplittableRandom random) {
        this.world = world;
        this.random = random;
    }

    void start() {
        if (world.faults.diverges && !world.blind) {
            int times = random.nextInt(1, TIMES_MAX);
            for (int i = 0; i < times; i++) {
                world.scheduler.in(random.nextLong(Simulation.FAULTS_MICROS), this::plant);
            }
        }
    }

    private void plant() {
        List<SimulatedServer> members = world.members();
        SimulatedServer chosen = members.get(random.nextInt(members.size()));
        if (world.healed() || chosen.life() == null || !world.isMinority(chosen)) {
            return;
        }
        if (random.nextInt(3) > 0) {
            chosen.loseNextWrite();
        } else if (chosen.crashWithIndexApart()) {
            world.scheduler.in(random.nextLong(500_000), world::startAll);
        }
    }

    /** From now on that server's state is wrong. */
    void begun(SimulatedServer server) {
        world.trace.add(() -> "the state of " + server.id + " is wrong from now on");
        world.count("state diverged");
        wrong.add(server.directoryId);
    }

    /** That server has stopped: its state, it says, is wrong. */
    void setAside(SimulatedServer server, String why) {
        unless(wrong.contains(server.directoryId), "NoDivergence", "%s sets itself aside: %s", server.id, why);
        world.count("diverged server set aside");
        world.replaceDisks(server);
        world.scheduler.in(random.nextLong(500_000), world::startAll);
    }

    /** What a person does when the servers cannot tell whose state is wrong. */
    void decide(SimulatedServer server) {
        world.count("difference left to a person");
        server.crash("and gets an empty disk");
        world.replaceDisks(server);
        world.scheduler.in(random.nextLong(500_000), world::startAll);
    }

    /** A leader says so. */
    void found(SimulatedServer leader, Divergence found) {
        world.trace.add(() -> leader.id + " finds that the states differ " + found);
        world.count("difference found");
        List<NodeId> suspects =
                found.agreed() == null ? List.copyOf(found.hashes().keySet()) : found.diverged();
        boolean justified = found.agreed() == null
                ? suspects.stream().anyMatch(this::wasWrong)
                : suspects.stream().allMatch(this::wasWrong);
        unless(justified, "NoDivergence", "%s finds %s", leader.id, found);
    }

    private boolean wasWrong(NodeId server) {
        return wrong.stream().anyMatch(directoryId -> directoryId.startsWith(server + "."));
    }
}

package io.balsa.sim;

import io.balsa.raft.Envelope;
import io.balsa.raft.NodeId;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Loses, delays, duplicates and reorders messages, and cuts links, each direction by itself. */
final class SimulatedNetwork {
    private final Scheduler scheduler;
    private final SplittableRandom random;
    private final Faults faults;
    private final boolean[][] cut;
    private final Consumer<Envelope> deliver;
    private boolean healed;

    SimulatedNetwork(Scheduler scheduler, SplittableRandom random, Faults faults, Consumer<Envelope> deliver) {
        this.scheduler = scheduler;
        this.random = random;
        this.faults = faults;
        this.deliver = deliver;
        this.cut = new boolean[faults.servers + faults.spares + 1][faults.servers + faults.spares + 1];
    }

    /** Sends one message {@code offsetMicros} from now: the sender's turn may be that far along. */
    void send(Envelope envelope, long offsetMicros) {
        if (cut[envelope.from().value()][envelope.to().value()] || chance(faults.loss)) {
            return;
        }
        scheduler.in(offsetMicros + delayMicros(), () -> deliver.accept(envelope));
        if (chance(faults.duplication)) {
            // Half of the copies come much later, when the world has moved on.
            long late = random.nextBoolean() ? 0 : random.nextLong(faults.stragglerMaxMicros);
            scheduler.in(offsetMicros + late + delayMicros(), () -> deliver.accept(envelope));
        }
    }

    private long delayMicros() {
        if (healed) {
            return faults.calmDelayMicros + random.nextLong(1 + faults.calmDelayMicros / 8);
        }
        if (chance(faults.straggler)) {
            return random.nextLong(faults.stragglerMaxMicros);
        }
        return random.nextLong(faults.delayMinMicros, faults.delayMaxMicros);
    }

    private boolean chance(double probability) {
        return !healed && probability > 0 && random.nextDouble() < probability;
    }

    void cut(NodeId from, NodeId to) {
        cut[from.value()][to.value()] = true;
    }

    void cutBothWays(NodeId one, NodeId other) {
        cut(one, other);
        cut(other, one);
    }

    void heal() {
        for (boolean[] links : cut) {
            Arrays.fill(links, false);
        }
    }

    /** From now on it only delays. */
    void healForGood() {
        heal();
        healed = true;
    }
}

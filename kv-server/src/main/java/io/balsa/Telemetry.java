package io.balsa;

import io.balsa.metrics.Metrics;
import io.balsa.node.Consistency;
import io.balsa.node.Observer;
import io.balsa.node.Refusal;
import io.balsa.node.Uncertainty;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.balsa.raft.Transition;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries what the loop sees to the metrics, and each change of role, in one line, to the log. */
final class Telemetry implements Observer {
    private static final Logger LOG = LoggerFactory.getLogger("io.balsa.raft");

    private final NodeId self;
    private final Metrics metrics;

    Telemetry(NodeId self, Metrics metrics) {
        this.self = self;
        this.metrics = metrics;
    }

    @Override
    public void turn(long nanos, int inputs) {
        metrics.turn(nanos);
    }

    @Override
    public void applied(long nanos) {
        metrics.proposalCommitted(nanos);
    }

    @Override
    public void writeRefused(Refusal reason) {
        metrics.proposalFailed(word(reason));
    }

    @Override
    public void writeUncertain(Uncertainty reason) {
        metrics.proposalFailed(word(reason));
    }

    @Override
    public void readServed(Consistency consistency, long nanos) {
        metrics.readServed(word(consistency), nanos);
    }

    @Override
    public void readRefused(Refusal reason) {
        metrics.readFailed(word(reason));
    }

    private static String word(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void membership(Membership membership) {
        LOG.info("{} goes by the membership of {}", self, membership);
    }

    @Override
    public void transition(Transition transition) {
        LOG.info(
                "{} is {} in term {}, leader {}: {}",
                self,
                transition.role(),
                transition.term(),
                transition.leader() == null ? "unknown" : transition.leader(),
                transition.trigger());
    }
}

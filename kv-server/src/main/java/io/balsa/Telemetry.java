package io.balsa;

import io.balsa.metrics.Metrics;
import io.balsa.node.Consistency;
import io.balsa.node.Observer;
import io.balsa.node.Refusal;
import io.balsa.node.Uncertainty;
import io.balsa.raft.EntryId;
import io.balsa.raft.NodeId;
import io.balsa.raft.TransferId;
import io.balsa.raft.Transition;
import io.balsa.storage.SnapshotObserver;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries what the loop and the snapshots see to the metrics, and what is rare, in one line, to the log. Thread-safe. */
final class Telemetry implements Observer, SnapshotObserver {
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

    @Override
    public void snapshotInstalled(EntryId lastIncluded, long nanos) {
        LOG.info("{} has installed a snapshot up to {} in {} ms", self, lastIncluded, nanos / 1_000_000);
        metrics.snapshotInstalled(nanos);
    }

    @Override
    public void chunkRead(TransferId transfer, long index, int bytes) {
        metrics.snapshotChunkSent(bytes);
    }

    @Override
    public void allRead(TransferId transfer, long index, long bytes, long nanos) {
        LOG.info(
                "{} has sent a snapshot up to {}: {} bytes in {} ms, {}",
                self,
                index,
                bytes,
                nanos / 1_000_000,
                transfer);
        metrics.snapshotSent(nanos);
    }

    @Override
    public void readEnded(TransferId transfer, long index, long bytes, String reason) {
        LOG.warn("{} ends a snapshot up to {} behind {} bytes: {}, {}", self, index, bytes, reason, transfer);
        metrics.snapshotFailed("sent");
    }

    @Override
    public void chunkStored(TransferId transfer, int bytes) {
        metrics.snapshotChunkReceived(bytes);
    }

    @Override
    public void allStored(TransferId transfer, long index, long records, long bytes, long nanos) {
        LOG.info(
                "{} has received a snapshot up to {}: {} records, {} bytes in {} ms, {}",
                self,
                index,
                records,
                bytes,
                nanos / 1_000_000,
                transfer);
        metrics.snapshotReceived(nanos);
    }

    @Override
    public void refused(TransferId transfer, String reason) {
        LOG.warn("{} cannot use a snapshot: {}, {}", self, reason, transfer);
        metrics.snapshotFailed("received");
    }

    private static String word(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT);
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

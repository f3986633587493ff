package io.balsa;

import io.balsa.metrics.Metrics;
import io.balsa.node.StorageException;
import io.balsa.raft.NodeId;
import io.balsa.storage.CheckpointObserver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts the state's checkpoints, and lets them wait for room on a full disk: until there is some the log holds everything. */
final class Checkpoints implements CheckpointObserver {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

    private final NodeId self;
    private final Metrics metrics;

    Checkpoints(NodeId self, Metrics metrics) {
        this.self = self;
        this.metrics = metrics;
    }

    @Override
    public void committed(long nanos) {
        metrics.stateCommit(nanos);
    }

    @Override
    public void waitsForRoom(StorageException why) {
        LOG.warn("{}: {} It is tried again until there is room", self, why.getMessage());
    }
}

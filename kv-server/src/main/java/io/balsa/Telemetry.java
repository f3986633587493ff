package io.balsa;

import io.balsa.metrics.Metrics;
import io.balsa.node.Consistency;
import io.balsa.node.ElectionJournal;
import io.balsa.node.Gaps;
import io.balsa.node.Observer;
import io.balsa.node.Refusal;
import io.balsa.node.Uncertainty;
import io.balsa.raft.Divergence;
import io.balsa.raft.EntryId;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.balsa.raft.TransferId;
import io.balsa.raft.Transition;
import io.balsa.raft.Vote;
import io.balsa.storage.SnapshotObserver;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries what the loop and the snapshots see to the metrics, the journal of elections and, what is rare, in one line each,
 * to the log. Thread-safe.
 */
final class Telemetry implements Observer, SnapshotObserver {
    private static final Logger LOG = LoggerFactory.getLogger("io.balsa.raft");

    /** Shorter commits are nothing that an election could come from. */
    private static final long NOTED_NANOS_MIN = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long SLOW_LINE_EVERY_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final NodeId self;
    private final Metrics metrics;
    private final ElectionJournal journal;
    private final Gaps commits;
    private final long slowCommitMillis;
    private final Consumer<Membership> memberships;
    private long slowCommitsLeftOut;
    private long lastSlowLineNanos = System.nanoTime() - SLOW_LINE_EVERY_NANOS;

    /**
     * @param commits where the longer commits are noted
     * @param slowCommitMillis a commit that takes longer is logged and counted
     * @param memberships takes each one that comes into force
     */
    Telemetry(
            NodeId self,
            Metrics metrics,
            ElectionJournal journal,
            Gaps commits,
            long slowCommitMillis,
            Consumer<Membership> memberships) {
        this.self = self;
        this.metrics = metrics;
        this.journal = journal;
        this.commits = commits;
        this.slowCommitMillis = slowCommitMillis;
        this.memberships = memberships;
    }

    @Override
    public void turn(long nanos, int inputs) {
        metrics.turn(nanos);
        journal.turn();
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
    public void membership(Membership membership) {
        LOG.info("{} goes by the membership of {}", self, membership);
        memberships.accept(membership);
    }

    @Override
    public void statesDiffer(Divergence found) {
        LOG.error(
                "{}: the servers' states differ {}. {}",
                self,
                found,
                found.agreed() == null
                        ? "No majority says which is right. If that lasts, compare their contents, and start the wrong one with an"
                                + " empty directory; until then the leader fills nobody from its own state"
                        : found.diverged() + " cannot be trusted; each sets its store aside by itself");
    }

    @Override
    public void transition(Transition transition) {
        journal.transition(transition);
        LOG.info(
                "{} is {} in term {}, leader {}: {}",
                self,
                transition.role(),
                transition.term(),
                transition.leader() == null ? "unknown" : transition.leader(),
                transition.trigger());
    }

    @Override
    public void vote(Vote vote) {
        journal.vote(vote);
    }

    @Override
    public void heardFromLeader() {
        journal.heardFromLeader();
    }

    @Override
    public void committed(long nanos) {
        if (nanos < NOTED_NANOS_MIN) {
            return;
        }
        long now = System.nanoTime();
        commits.add(now, nanos);
        if (nanos < TimeUnit.MILLISECONDS.toNanos(slowCommitMillis)) {
            return;
        }
        metrics.slowCommit();
        if (now - lastSlowLineNanos < SLOW_LINE_EVERY_NANOS) {
            slowCommitsLeftOut++;
            return;
        }
        LOG.warn(
                "{}: a commit of the log took {} ms, more than {} ms: the disk is slow, or the process was paused{}",
                self,
                TimeUnit.NANOSECONDS.toMillis(nanos),
                slowCommitMillis,
                slowCommitsLeftOut == 0 ? "" : " (and " + slowCommitsLeftOut + " others since the last such line)");
        lastSlowLineNanos = now;
        slowCommitsLeftOut = 0;
    }
}

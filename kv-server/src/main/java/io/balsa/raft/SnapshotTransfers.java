package io.balsa.raft;

import java.util.Map;

/** The snapshots that a leader sends to followers which need what its log no longer has (§7). */
final class SnapshotTransfers {
    private final Raft raft;
    private final Map<NodeId, Progress> peers;
    private long count;

    /** @param peers of the leader, as they come and go */
    SnapshotTransfers(Raft raft, Map<NodeId, Progress> peers) {
        this.raft = raft;
        this.peers = peers;
    }

    /** Begins a transfer, or goes on with it. Not to a server that does not answer: it would hold a snapshot open. */
    void send(NodeId peer, Progress progress) {
        SnapshotTransfer transfer = progress.transfer;
        if (transfer == null) {
            if (progress.ticksSinceContact >= raft.config().electionTicksMin()) {
                return;
            }
            transfer = new SnapshotTransfer(new TransferId(raft.currentTerm(), ++count), raft.config());
            progress.transfer = transfer;
        }
        if (transfer.startReading()) {
            raft.start(new SnapshotTask.Read(transfer.id));
        }
        EntryId lastIncluded = transfer.lastIncluded();
        for (SnapshotChunk chunk = transfer.nextToSend();
                chunk != null && lastIncluded != null;
                chunk = transfer.nextToSend()) {
            raft.sendAtOnce(
                    peer,
                    new Message.InstallSnapshot(
                            raft.currentTerm(),
                            transfer.id.number(),
                            lastIncluded,
                            chunk.offset(),
                            chunk.data(),
                            chunk.done()));
        }
    }

    void tick(Progress progress) {
        SnapshotTransfer transfer = progress.transfer;
        if (transfer != null) {
            transfer.tick();
            if (transfer.expired()) {
                end(progress);
            }
        }
    }

    void end(Progress progress) {
        if (progress.transfer != null) {
            raft.start(new SnapshotTask.EndRead(progress.transfer.id));
            progress.transfer = null;
        }
    }

    /** This server leads no longer. */
    void endAll() {
        peers.values().forEach(this::end);
    }

    void read(SnapshotChunk chunk) {
        for (Progress progress : peers.values()) {
            SnapshotTransfer transfer = progress.transfer;
            if (transfer == null || !transfer.id.equals(chunk.transfer())) {
                continue;
            }
            if (chunk.index() < raft.log().anchor().index()) {
                end(progress); // The log was cut beyond it meanwhile: it would lead to the next snapshot.
            } else {
                transfer.read(chunk, raft.log().idAt(chunk.index()));
            }
        }
    }

    void readFailed(TransferId failed) {
        for (Progress progress : peers.values()) {
            if (progress.transfer != null && progress.transfer.id.equals(failed)) {
                end(progress);
            }
        }
    }

    /** The entries behind this one are still needed by a follower that answers. */
    long neededIndex() {
        long needed = Long.MAX_VALUE;
        for (Progress progress : peers.values()) {
            if (progress.ticksSinceContact < raft.config().electionTicksMin()) {
                needed = Math.min(needed, progress.neededIndex(raft.log().anchor()));
            }
        }
        return needed;
    }

    /** The follower's word on the transfer under way, if it means that one. */
    void answered(Progress progress, Message.InstallSnapshotReply reply) {
        SnapshotTransfer transfer = progress.transfer;
        if (transfer == null || transfer.id.number() != reply.transfer()) {
            return;
        }
        if (reply.accepted() && reply.matchIndex() == 0) {
            transfer.stored(reply.offset());
        } else {
            end(progress);
        }
    }
}

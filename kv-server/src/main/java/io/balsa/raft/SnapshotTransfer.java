package io.balsa.raft;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot on its way to one follower, as its leader sees it (§7). Chunks are read one after the other and kept until
 * the follower has stored them, so that a lost one can be sent again; a window bounds how many. The first one goes alone:
 * a follower that gets a later one without the first has lost the transfer, and says so.
 */
final class SnapshotTransfer {
    final TransferId id;
    private final RaftConfig config;
    private final List<SnapshotChunk> unacked = new ArrayList<>();
    private @Nullable EntryId lastIncluded;
    private int sent;
    private long ackedOffset;
    private long resentOffset = -1;
    private boolean reading;
    private boolean allRead;
    private boolean stalled;
    private int ticksSinceSent;
    private int ticksSinceProgress;

    SnapshotTransfer(TransferId id, RaftConfig config) {
        this.id = id;
        this.config = config;
    }

    /** The last entry in the snapshot; null until the first chunk has been read. */
    @Nullable
    EntryId lastIncluded() {
        return lastIncluded;
    }

    /** Whether to read one more chunk; true once for each. */
    boolean startReading() {
        boolean start = !reading && !allRead && unacked.size() < config.snapshotWindowMax();
        reading |= start;
        return start;
    }

    void read(SnapshotChunk chunk, EntryId included) {
        Check.that(lastIncluded == null || included.equals(lastIncluded), "%s changes its snapshot", id);
        lastIncluded = included;
        unacked.add(chunk);
        reading = false;
        allRead = chunk.done();
        ticksSinceProgress = 0;
    }

    /** The next chunk to send now, or null. */
    @Nullable
    SnapshotChunk nextToSend() {
        int window = ackedOffset == 0 || stalled ? 1 : config.snapshotWindowMax();
        if (sent >= Math.min(window, unacked.size())) {
            return null;
        }
        ticksSinceSent = 0;
        return unacked.get(sent++);
    }

    /** The follower has stored that many bytes; late and repeated news change nothing. */
    void stored(long offset) {
        boolean progress = false;
        while (!unacked.isEmpty() && unacked.get(0).endOffset() <= offset) {
            ackedOffset = unacked.remove(0).endOffset();
            sent = Math.max(0, sent - 1);
            progress = true;
        }
        if (progress) {
            stalled = false;
            ticksSinceSent = 0;
            ticksSinceProgress = 0;
        } else if (offset == ackedOffset && sent > 1 && resentOffset != offset) {
            resentOffset = offset; // A chunk overtook another, or one is lost: again from here, but once.
            sent = 0;
        }
    }

    void tick() {
        ticksSinceProgress++;
        ticksSinceSent++;
        if (sent > 0 && ticksSinceSent >= config.electionTicksMin()) {
            stalled = true;
            sent = 0;
        }
    }

    /** Nothing has come of it for so long that it must not go on holding a snapshot open. */
    boolean expired() {
        return ticksSinceProgress >= config.snapshotPatienceTicks();
    }
}

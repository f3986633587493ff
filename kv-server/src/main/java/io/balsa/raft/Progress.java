package io.balsa.raft;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * How far one follower is, as its leader sees it: {@code matchIndex} is known, {@code nextIndex} is a guess (Figure 2).
 *
 * <p>While probing, the leader looks for the place where the two logs part, one message at a time. Once it is found, it
 * streams: messages follow each other without waiting, as far as the window allows, and a lost one shows as a failure
 * of a later one. A follower that needs an entry which the leader no longer has gets a snapshot first.
 */
final class Progress {
    private record Sent(long lastIndex, long bytes) {}

    private final RaftConfig config;
    private final ArrayDeque<Sent> window = new ArrayDeque<>();
    private long windowBytes;

    long nextIndex;
    long matchIndex;
    long ackedRound;

    /** By the leader's clock; see {@link Lease}. */
    long pledgedUntilNanos;

    boolean probing = true;
    boolean probeSent;
    long ticksSinceContact;

    @Nullable
    SnapshotTransfer transfer;

    /** For how long it has kept up; 0: it does not. */
    long caughtUpTicks;

    private long roundTarget;
    private long roundTicks;
    private boolean keepsUp;

    Progress(RaftConfig config, long nextIndex) {
        this.config = config;
        this.nextIndex = nextIndex;
        this.roundTarget = nextIndex - 1;
    }

    /**
     * It keeps up while it is heard from, and while what the log held at some moment is with it within an election timeout,
     * again and again (thesis §4.2.1): then a commit that needs it will not wait long.
     */
    void tick(long lastIndex) {
        ticksSinceContact++;
        roundTicks++;
        int patience = config.electionTicksMin();
        if (matchIndex >= roundTarget) {
            keepsUp = roundTicks <= patience;
            roundTarget = lastIndex;
            roundTicks = 0;
        } else if (roundTicks > patience) {
            keepsUp = false;
        }
        caughtUpTicks = keepsUp && ticksSinceContact <= patience ? caughtUpTicks + 1 : 0;
    }

    boolean mayStream() {
        return !probing && window.size() < config.windowMessagesMax() && windowBytes < config.windowBytesMax();
    }

    /** What it needs next is no longer in the leader's log. */
    boolean needsSnapshot(EntryId anchor) {
        return nextIndex <= anchor.index();
    }

    /** The entries behind this index are still of use to it. */
    long neededIndex(EntryId anchor) {
        if (!needsSnapshot(anchor)) {
            return matchIndex;
        }
        EntryId lastIncluded = transfer == null ? null : transfer.lastIncluded();
        return lastIncluded == null ? anchor.index() : lastIncluded.index();
    }

    void sent(long lastIndex, long bytes) {
        window.add(new Sent(lastIndex, bytes));
        windowBytes += bytes;
        nextIndex = lastIndex + 1;
    }

    /** The follower's log agrees with ours up to {@code index}; late and repeated news change nothing. */
    void matched(long index) {
        matchIndex = Math.max(matchIndex, index);
        if (index >= nextIndex - 1) {
            probing = false; // An empty heartbeat at matchIndex, or a late answer, would say nothing new.
        }
        nextIndex = Math.max(nextIndex, matchIndex + 1);
        while (!window.isEmpty() && window.peek().lastIndex() <= matchIndex) {
            windowBytes -= window.remove().bytes();
        }
    }

    /**
     * The follower has not got the entry before those we sent.
     *
     * @param rejected the index that it was asked for
     * @param agreed the last index that may agree
     * @return whether this is news; anything else is late or a duplicate, and answering it would multiply the probes
     */
    boolean failed(long rejected, long agreed) {
        boolean late = probing ? rejected != nextIndex - 1 : rejected <= matchIndex;
        long next = Math.max(matchIndex, Math.min(agreed, rejected - 1)) + 1;
        if (late || next >= nextIndex) {
            return false;
        }
        nextIndex = next;
        probing = true;
        probeSent = false;
        window.clear();
        windowBytes = 0;
        return true;
    }
}

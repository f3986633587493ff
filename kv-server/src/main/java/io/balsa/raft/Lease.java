package io.balsa.raft;

import java.util.TreeMap;

/** A leader's knowledge of who is pledged to it, and until when by its own clock; see {@link Leases}. */
final class Lease {
    private final Raft raft;
    private final Leader leader;
    private final LeaseConfig config;

    /** When each round of heartbeats was begun, as long as its answers may be of use. */
    private final TreeMap<Long, Long> sentNanos = new TreeMap<>();

    private boolean givenUp;

    Lease(Raft raft, Leader leader) {
        this.raft = raft;
        this.leader = leader;
        this.config = raft.config().leases();
    }

    /** Each heartbeat must be told from the one before it, so that its answer renews the lease. */
    boolean needsRounds() {
        return config.isOn() && !givenUp;
    }

    /** Heartbeats of this number leave from now on. */
    void roundBegins(long round) {
        if (needsRounds()) {
            sentNanos.put(round, now());
            while (sentNanos.firstEntry().getValue() + config.pledgeNanos() <= now()) {
                sentNanos.pollFirstEntry();
            }
        }
    }

    /** Counted from when the round began, at the latest moment that is surely before the follower heard of it. */
    void acknowledged(Progress follower, long round, long pledgeNanos) {
        Long sent = sentNanos.get(round);
        if (sent != null) {
            follower.pledgedUntilNanos = Math.max(follower.pledgedUntilNanos, sent + config.leaseNanos(pledgeNanos));
        }
    }

    /** The TimeoutNow that follows may arrive at any time while this term lasts, also when the hand-over seems to have failed. */
    void giveUp() {
        givenUp = true;
    }

    /** Nobody else leads, and this server knows what is committed (§8). */
    boolean holds() {
        return needsRounds()
                && leader.hasCommittedInItsTerm()
                && now() < leader.majorityReached(Long.MAX_VALUE, follower -> follower.pledgedUntilNanos);
    }

    private long now() {
        return raft.leases().nowNanos();
    }
}

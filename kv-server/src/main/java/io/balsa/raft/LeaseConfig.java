package io.balsa.raft;

/**
 * Whether, and how, a server takes part in reads by lease; see {@link Leases}. The servers of a cluster may differ in it.
 *
 * @param pledgeNanos for how long after each AppendEntries that it answers this server elects nobody else; 0: it pledges nothing, and
 *     leads without a lease
 * @param formerPledgeNanos the longest pledge that an earlier process of this server may have given
 * @param clockDriftPercent no server's clock gains or loses more than this against true time; less than 100
 */
public record LeaseConfig(long pledgeNanos, long formerPledgeNanos, int clockDriftPercent) {
    /** Also of a server that has never pledged anything. */
    public static final LeaseConfig OFF = new LeaseConfig(0, 0, 0);

    public LeaseConfig {
        Check.that(
                pledgeNanos >= 0 && formerPledgeNanos >= 0, "pledges of %d and %d ns", pledgeNanos, formerPledgeNanos);
        Check.that(clockDriftPercent >= 0 && clockDriftPercent < 100, "a drift of %d %%", clockDriftPercent);
    }

    boolean isOn() {
        return pledgeNanos > 0;
    }

    /**
     * What is left of a follower's pledge by the leader's clock: the follower's may gain all that a clock can, and the
     * leader's lose as much.
     */
    long leaseNanos(long followersPledgeNanos) {
        long counted = Math.min(followersPledgeNanos, pledgeNanos);
        return counted / (100 + clockDriftPercent) * (100 - clockDriftPercent);
    }
}

package io.balsa.sim;

import static io.balsa.sim.Bug.scripted;
import static io.balsa.sim.Bug.simulated;

import io.balsa.sim.Bug.Patch;
import java.util.List;

/** What makes a lease a lie: a part of {@link BugZoo}. */
final class LeaseBugs {
    private static final String LEASE = "raft/Lease.java";
    private static final String LEASES = "raft/Leases.java";

    private LeaseBugs() {}

    static List<Bug> all() {
        return List.of(
                simulated("a lease begins when the answer comes in", "9, 26", "LeaseIsExclusive", "ReadsAreFresh")
                        .within(300)
                        .by(LEASE, "sent + config.leaseNanos(pledgeNanos)", "now() + config.leaseNanos(pledgeNanos)"),
                simulated("a lease trusts that clocks do not drift", "26", "LeaseIsExclusive", "ReadsAreFresh")
                        .within(1_000)
                        .by(
                                "raft/LeaseConfig.java",
                                "counted / (100 + clockDriftPercent) * (100 - clockDriftPercent)",
                                "counted"),
                scripted("the same, of a clock that is slow and others that are fast", "26", "30-a-slow-clock.txt")
                        .by(
                                "raft/LeaseConfig.java",
                                "counted / (100 + clockDriftPercent) * (100 - clockDriftPercent)",
                                "counted"),
                simulated("a lease outlives a hand-over", "9", "LeaseIsExclusive", "ReadsAreFresh")
                        .within(300)
                        .by("raft/Leader.java", "            lease.giveUp();\n", ""),
                scripted(
                                "a lease comes back when a hand-over seems to have failed",
                                "9",
                                "27-a-lease-and-a-hand-over.txt")
                        .by(
                                new Patch(
                                        "raft/Leader.java",
                                        "            transferTarget = null;\n            if (isRemoved()) {",
                                        "            transferTarget = null; lease.takeBack();\n            if (isRemoved()) {"),
                                new Patch(
                                        LEASE,
                                        "    /** Nobody else leads,",
                                        "    void takeBack() { givenUp = false; }\n    /** Nobody else leads,")),
                simulated("a pause counts as one tick", "26", "LeaseIsExclusive", "ReadsAreFresh")
                        .within(300)
                        .by(
                                LEASES,
                                "Math.max(nowNanos, clockNanos - originNanos);",
                                "Math.max(nowNanos, Math.min(clockNanos - originNanos, nowNanos + 10_000_000));"),
                scripted("a server that was restarted votes at once", "5", "28-a-lease-and-a-restart.txt")
                        .by(LEASES, "Math.max(pledgedUntilNanos, config.formerPledgeNanos());", "0;"),
                simulated("a closed connection ends a pledge", "26", "LeaseIsExclusive", "ReadsAreFresh")
                        .within(300)
                        .by(
                                new Patch(
                                        "raft/Raft.java",
                                        "        role.connectionClosed(peer);\n",
                                        "        leases.endPledge();\n        role.connectionClosed(peer);\n"),
                                new Patch(
                                        LEASES,
                                        "    /** Since the first call of",
                                        "    void endPledge() { pledgedUntilNanos = 0; }\n"
                                                + "    /** Since the first call of")),
                simulated("an answer counts that pledges nothing, or less", "26", "LeaseIsExclusive", "ReadsAreFresh")
                        .within(500)
                        .by(LEASE, "config.leaseNanos(pledgeNanos)", "config.leaseNanos(config.pledgeNanos())"),
                scripted("one pledge is enough", "invariant 4", "29-pledges-of-some.txt")
                        .by(
                                LEASE,
                                "leader.majorityReached(Long.MAX_VALUE, follower -> follower.pledgedUntilNanos)",
                                "raft.peers().stream().mapToLong(peer -> leader.progressOf(peer).pledgedUntilNanos)"
                                        + ".max().orElse(Long.MAX_VALUE)"),
                simulated("a read by lease before a commit in the own term", "7", "ReadsAreFresh")
                        .within(300)
                        .by(LEASE, "                && leader.hasCommittedInItsTerm()\n", ""),
                simulated("a read by lease does not wait until its index is applied", "§8", "ReadsAreFresh")
                        .within(300)
                        .by(
                                "node/WaitingReads.java",
                                "batch.readIndex = readIndex;\n            batches",
                                "batch.readIndex = 0;\n            batches"),
                scripted("a pledge forbids the pre-vote only", "15", "31-a-vote-asked-for-too-late.txt")
                        .by(
                                new Patch(
                                        "raft/Raft.java",
                                        "                && (request.leaderTransfer() || !leases.isPledged())\n",
                                        ""),
                                new Patch(
                                        "raft/Raft.java",
                                        "!vote.leaderTransfer() && hasLiveLeader()",
                                        "!vote.leaderTransfer() && role.hasLiveLeader()")),
                scripted("a server that is bound calls an election", "15", "26-leases.txt")
                        .by(
                                "raft/Follower.java",
                                "boolean pledged = raft.leases().isPledged();",
                                "boolean pledged = false;"));
    }
}

package io.balsa.sim;

import static io.balsa.sim.Bug.scripted;
import static io.balsa.sim.Bug.simulated;

import io.balsa.sim.Bug.Patch;
import java.util.List;

/** What goes wrong when servers come and go, and when disks are wiped. */
final class MembershipBugs {
    private static final String CHANGES = "raft/MembershipChanges.java";

    private MembershipBugs() {}

    static List<Bug> changes() {
        return List.of(
                scripted("a change before a commit in the own term", "10", "18-an-add-and-a-remove.txt")
                        .by(CHANGES, "if (raft.commitIndex() < firstIndex) {", "if (false) {"),
                simulated("two changes at once", "10", "OneChangeAtATime")
                        .by(CHANGES, "if (raft.commitIndex() < raft.membership().revision()) {", "if (false) {"),
                simulated("a learner counts", "thesis §4.2.1", "CommittedIsOnAMajority")
                        .within(300)
                        .by("raft/Leader.java", "        return raft.membership().majorityReached(reached);", """
                                        for (var peer : peers.entrySet()) {
                                            if (!raft.membership().isVoter(peer.getKey())) {
                                                java.util.Arrays.sort(reached);
                                                long has = ofPeer.applyAsLong(peer.getValue());
                                                reached[0] = Math.max(reached[0], has);
                                            }
                                        }
                                        return raft.membership().majorityReached(reached);"""),
                simulated("a leader that is being removed counts itself", "thesis §4.2.2", "CommittedIsOnAMajority")
                        .within(300)
                        .by("raft/Leader.java", "        return raft.membership().majorityReached(reached);", """
                                        if (!raft.membership().isVoter(raft.self())) {
                                            java.util.Arrays.sort(reached);
                                            reached[0] = Math.max(reached[0], own);
                                        }
                                        return raft.membership().majorityReached(reached);"""),
                simulated("a change is not undone with its entry", "11", "MembershipIsTheLogs", "Check")
                        .within(300)
                        .by("raft/RaftLog.java", "        memberships.truncatedFrom(index);\n", ""),
                simulated("a change takes effect only when it is committed", "11", "MembershipIsTheLogs", "Check")
                        .by(
                                new Patch(
                                        "raft/Raft.java",
                                        "return log.memberships().latest();",
                                        "return log.memberships().upTo(commitIndex);"),
                                new Patch(
                                        "raft/Memberships.java",
                                        "    Membership latest() {",
                                        "    Membership upTo(long index) {\n"
                                                + "        return known.stream().filter(one -> one.revision() <= index)"
                                                + ".reduce((one, next) -> next).orElse(known.get(0));\n"
                                                + "    }\n\n"
                                                + "    Membership latest() {")),
                simulated("the state forgets the membership", "invariant 10", "MembershipIsTheLogs")
                        .by("kv/KvStateMachine.java", "        records.put(Tables.MEMBERSHIP, record.array());\n", ""),
                scripted("the membership's revision is not compared", "invariant 10", "17-one-change-at-a-time.txt")
                        .by(CHANGES, "expectedRevision != now.revision()", "false"),
                scripted("a change may cost the quorum", "11", "17-one-change-at-a-time.txt")
                        .by(CHANGES, "return living >= next.majority()", "return living >= 0"),
                scripted("a learner is promoted before it has caught up", "11", "17-one-change-at-a-time.txt")
                        .by(CHANGES, "progress.caughtUpTicks == 0", "false"),
                scripted("a server that was removed calls elections", "thesis §4.2.3", "16-membership.txt")
                        .by(
                                "raft/Raft.java",
                                "return log.memberships().mayCampaign(self, directoryId, commitIndex);",
                                "return true;"),
                scripted("a leader that was removed stays", "thesis §4.2.2", "16-membership.txt")
                        .by("raft/Leader.java", "transferTarget == null && isRemoved()", "false"),
                scripted("who removed itself does not see to it", "thesis §4.2.2", "23-the-last-vote-for-a-removal.txt")
                        .by("raft/Memberships.java", "if (membership.revision() <= commitIndex) {", "if (true) {"));
    }

    static List<Bug> wipedDisks() {
        return List.of(
                simulated(
                                "a server on a wiped disk votes and acknowledges as before",
                                "18",
                                "CommittedIsOnAMajority",
                                "LeaderCompleteness",
                                "StateMachineSafety",
                                "ElectionSafety",
                                "Check")
                        .by(
                                new Patch(
                                        "raft/Raft.java",
                                        "return log.memberships().everHold(self, directoryId);",
                                        "return true;"),
                                new Patch("raft/Raft.java", "if (countsForNothing(envelope)) {", "if (false) {")),
                simulated(
                                "an acknowledgement from a wiped disk counts",
                                "18",
                                "CommittedIsOnAMajority",
                                "LeaderCompleteness",
                                "StateMachineSafety",
                                "Check")
                        .from(19)
                        .by("raft/Raft.java", "if (countsForNothing(envelope)) {", "if (false) {"),
                scripted("a server on a wiped disk is never taken in again", "18", "22-a-wiped-disk.txt")
                        .by(CHANGES, "if (directoryId != null\n", "if (false\n"),
                simulated("a late message from a disk of the past makes a voter a learner", "18", "LeaderAfterHealing")
                        .at(4359)
                        .by(
                                CHANGES,
                                "                            >= raft.config().electionTicksMin()) {",
                                "                            >= 0) {"));
    }
}

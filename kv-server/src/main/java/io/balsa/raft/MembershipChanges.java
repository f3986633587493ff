package io.balsa.raft;

import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How a leader changes the membership: one server at a time, so that the majorities before and after a change share a
 * server, and never before an entry of its own term is committed. Without that rule two leaders can each append a change
 * that the other does not know, and their majorities share nobody (Ongaro's correction of 2015 to thesis §4.1).
 */
final class MembershipChanges {
    private final Raft raft;
    private final Leader leader;
    private final long firstIndex;

    /** Members that were heard from on another disk than the membership knows, with the id of that one. */
    private final TreeMap<NodeId, String> wiped = new TreeMap<>();

    /** @param firstIndex of the leader's own term */
    MembershipChanges(Raft raft, Leader leader, long firstIndex) {
        this.raft = raft;
        this.leader = leader;
        this.firstIndex = firstIndex;
    }

    Proposal propose(MembershipChange change, long expectedRevision) {
        Membership now = raft.membership();
        if (expectedRevision != MembershipChange.ANY_REVISION && expectedRevision != now.revision()) {
            return rejected(
                    Proposal.Reason.REVISION_MISMATCH,
                    "the membership is at revision " + now.revision() + ", not " + expectedRevision);
        }
        Proposal.Rejected notNow = notNow();
        if (notNow != null) {
            return notNow;
        }
        if (change instanceof MembershipChange.Add add) {
            return add(now, add.learner());
        }
        if (change instanceof MembershipChange.Remove remove) {
            return remove(now, remove.server());
        }
        if (change instanceof MembershipChange.Promote promote) {
            return promote(now, promote.server());
        }
        throw new AssertionError(change);
    }

    private Proposal.@Nullable Rejected notNow() {
        if (raft.commitIndex() < firstIndex) {
            return rejected(
                    Proposal.Reason.NOT_READY, "the leader has just been elected and has committed nothing yet");
        }
        if (raft.commitIndex() < raft.membership().revision()) {
            return rejected(Proposal.Reason.CHANGE_IN_PROGRESS, "the last change is not committed yet");
        }
        return null;
    }

    private Proposal add(Membership now, Member learner) {
        if (now.contains(learner.id())) {
            return rejected(Proposal.Reason.ALREADY_A_MEMBER, learner.id() + " is a member already");
        }
        if (now.members().size() >= Membership.MEMBERS_MAX) {
            return rejected(
                    Proposal.Reason.TOO_MANY_MEMBERS, "a cluster has at most " + Membership.MEMBERS_MAX + " members");
        }
        return append(now.with(learner));
    }

    private Proposal remove(Membership now, NodeId server) {
        if (!now.contains(server)) {
            return rejected(Proposal.Reason.NO_SUCH_MEMBER, server + " is not a member");
        }
        Membership next = now.without(server);
        Proposal.Rejected costly = costly(next, "without " + server);
        return costly != null ? costly : append(next);
    }

    private Proposal promote(Membership now, NodeId server) {
        Member member = now.member(server);
        if (member == null) {
            return rejected(Proposal.Reason.NO_SUCH_MEMBER, server + " is not a member");
        }
        if (member.isVoter()) {
            return rejected(Proposal.Reason.ALREADY_A_MEMBER, server + " is a voter already");
        }
        Progress progress = leader.progressOf(server);
        if (progress.caughtUpTicks == 0 || wiped.containsKey(server)) {
            return rejected(
                    Proposal.Reason.NOT_CAUGHT_UP,
                    server + " has not caught up: it has " + progress.matchIndex + " of "
                            + raft.lastLog().index() + " entries, and "
                            + (progress.ticksSinceContact < raft.config().electionTicksMin()
                                    ? "keeps up for less than a moment"
                                    : "was not heard from for " + progress.ticksSinceContact + " ticks"));
        }
        Membership next = now.with(member.as(Member.Standing.VOTER));
        Proposal.Rejected costly = costly(next, "with " + server);
        return costly != null ? costly : append(next);
    }

    /** Null when a majority of {@code next} is alive, as far as the leader knows. */
    private Proposal.@Nullable Rejected costly(Membership next, String how) {
        if (next.voters().isEmpty()) {
            return rejected(Proposal.Reason.WOULD_COST_THE_QUORUM, how + " the cluster would have no voter left");
        }
        Predicate<NodeId> alive = voter -> voter.equals(raft.self())
                || leader.progressOf(voter).ticksSinceContact < raft.config().electionTicksMin();
        long living = next.voters().stream().filter(alive).count();
        return living >= next.majority()
                ? null
                : rejected(
                        Proposal.Reason.WOULD_COST_THE_QUORUM,
                        how + " the cluster would have " + next.voters().size() + " voters, of which " + living
                                + " are alive and " + next.majority() + " are needed");
    }

    private Proposal.Rejected rejected(Proposal.Reason reason, String detail) {
        return new Proposal.Rejected(reason, detail, raft.membership().revision());
    }

    private Proposal.Accepted append(Membership next) {
        return new Proposal.Accepted(leader.append(LogEntry.Kind.MEMBERSHIP, MembershipCodec.encode(next)));
    }

    /** That member answered from a disk that the membership does not know. */
    void foreignDisk(NodeId member, String directoryId) {
        wiped.put(member, directoryId);
    }

    /** That member answered from the disk that the membership knows: what came from another one was late. */
    void knownDisk(NodeId member) {
        if (!wiped.isEmpty()) {
            wiped.remove(member);
        }
    }

    /** The leader's own changes: a wiped server becomes a learner again, and one that has caught up a voter. */
    void tick() {
        Membership now = raft.membership();
        if (notNow() != null || leader.isTransferring()) {
            return;
        }
        for (Member member : now.members()) {
            String directoryId = wiped.get(member.id());
            // A message from a disk of the past may be late by any time, and the disk that is known be well.
            if (directoryId != null
                    && leader.progressOf(member.id()).ticksSinceContact
                            >= raft.config().electionTicksMin()) {
                // Also when that leaves no majority alive: its vote counts for nothing as it is.
                wiped.remove(member.id());
                leader.forget(member.id());
                append(now.with(member.wiped(directoryId)));
                return;
            }
        }
        int stableTicks = 2 * raft.config().electionTicksMin();
        for (Member member : now.members()) {
            if (member.standing() == Member.Standing.JOINING
                    && leader.progressOf(member.id()).caughtUpTicks >= stableTicks
                    && promote(now, member.id()) instanceof Proposal.Accepted) {
                return;
            }
        }
    }
}

package io.balsa.raft;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The servers of the cluster (thesis §4.1): the voters, whose votes and copies count, and the learners, which are only
 * replicated to. Immutable; sorted, each server once.
 */
public final class Membership {
    /** More would make every message and every majority slow. */
    public static final int MEMBERS_MAX = 31;

    /** Of a server that has not been told who belongs to its cluster. */
    public static final Membership NONE = new Membership(0, "", List.of());

    private final long revision;
    private final String clusterId;
    private final List<Member> members;
    private final List<NodeId> voters;

    /**
     * A membership.
     *
     * @param revision the index of the entry that brought it; 0 of a cluster's first one, which is in no log
     */
    public Membership(long revision, String clusterId, Collection<Member> members) {
        this.revision = revision;
        this.clusterId = clusterId;
        this.members = members.stream()
                .sorted((one, other) -> one.id().compareTo(other.id()))
                .toList();
        this.voters =
                this.members.stream().filter(Member::isVoter).map(Member::id).toList();
        Check.that(members.size() <= MEMBERS_MAX, "%d servers in a cluster", members.size());
        Check.that(this.members.stream().map(Member::id).distinct().count() == members.size(), "twice in %s", members);
    }

    /** A cluster of voters that are told apart by nothing but their ids. */
    public static Membership of(Collection<NodeId> voters) {
        return new Membership(
                0,
                "",
                voters.stream()
                        .distinct()
                        .map(id -> new Member(id, Member.Standing.VOTER, "", ""))
                        .toList());
    }

    public static Membership of(NodeId... voters) {
        return of(Arrays.asList(voters));
    }

    public long revision() {
        return revision;
    }

    public String clusterId() {
        return clusterId;
    }

    /** Voters and learners, in order. */
    public List<Member> members() {
        return members;
    }

    /** In order. */
    public List<NodeId> voters() {
        return voters;
    }

    public boolean isEmpty() {
        return members.isEmpty();
    }

    public @Nullable Member member(NodeId server) {
        for (Member member : members) {
            if (member.id().equals(server)) {
                return member;
            }
        }
        return null;
    }

    public boolean contains(NodeId server) {
        return member(server) != null;
    }

    public boolean isVoter(NodeId server) {
        return voters.contains(server);
    }

    /** That very server, on that very disk. */
    boolean holds(NodeId server, String directoryId) {
        Member member = member(server);
        return member != null && member.directoryId().equals(directoryId);
    }

    /** More than half: any two majorities share a server, also one of this membership and one of the next. */
    public int majority() {
        return voters.size() / 2 + 1;
    }

    /** How many voters may fail before nothing can be committed any more. */
    public int failureTolerance() {
        return Math.max(0, voters.size() - majority());
    }

    boolean isMajority(Set<NodeId> servers) {
        return !isEmpty() && voters.stream().filter(servers::contains).count() >= majority();
    }

    /** The voters but {@code self}, in order. */
    Stream<NodeId> peersOf(NodeId self) {
        return voters.stream().filter(voter -> !voter.equals(self));
    }

    /** How many voters, {@code leader} not counted, come before {@code server}: spreads out what all would do at once. */
    int rankWithout(NodeId leader, NodeId server) {
        return (int)
                peersOf(leader).filter(voter -> voter.compareTo(server) < 0).count();
    }

    /**
     * The largest value that a majority has reached.
     *
     * @param reached one value a voter; sorted by this call
     */
    long majorityReached(long[] reached) {
        Check.that(reached.length == voters.size(), "%d values for %d voters", reached.length, voters.size());
        Arrays.sort(reached);
        return reached[reached.length - majority()];
    }

    Membership at(long newRevision) {
        return new Membership(newRevision, clusterId, members);
    }

    /** With this member, in place of the one with its id if there is one. */
    Membership with(Member member) {
        Stream<Member> others = members.stream().filter(other -> !other.id().equals(member.id()));
        return new Membership(
                revision, clusterId, Stream.concat(others, Stream.of(member)).toList());
    }

    Membership without(NodeId server) {
        return new Membership(
                revision,
                clusterId,
                members.stream().filter(member -> !member.id().equals(server)).toList());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        if (this == other) {
            return true;
        }
        return other instanceof Membership that
                && revision == that.revision
                && clusterId.equals(that.clusterId)
                && members.equals(that.members);
    }

    @Override
    public int hashCode() {
        return 31 * members.hashCode() + Long.hashCode(revision);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("revision ").append(revision).append(":");
        for (Member member : members) {
            text.append(' ').append(member.id()).append(member.isVoter() ? "" : " (learner)");
        }
        return text.toString();
    }
}

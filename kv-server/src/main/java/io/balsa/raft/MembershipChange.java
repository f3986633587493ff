package io.balsa.raft;

/** What an operator may ask of the leader; each moves at most one server in or out of the voters (thesis §4.1). */
public sealed interface MembershipChange {
    /** Takes in a server that is no member, as a learner. */
    record Add(Member learner) implements MembershipChange {
        public Add {
            Check.that(!learner.isVoter(), "%s would be a voter at once", learner);
        }
    }

    /** Lets a member go; the leader too, which hands over once that is committed. */
    record Remove(NodeId server) implements MembershipChange {}

    /** Makes a learner that has caught up a voter. */
    record Promote(NodeId server) implements MembershipChange {}

    /** Whatever the membership's revision is at the moment. */
    long ANY_REVISION = -1;
}

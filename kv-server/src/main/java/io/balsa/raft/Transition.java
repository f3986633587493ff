package io.balsa.raft;

import org.jspecify.annotations.Nullable;

/**
 * A server changed its role, its term or its leader.
 *
 * @param role {@code follower}, {@code pre-candidate}, {@code candidate} or {@code leader}
 * @param leader as far as known
 */
public record Transition(long term, String role, @Nullable NodeId leader, Trigger trigger) {
    /** Why. */
    public enum Trigger {
        STARTED("started"),
        FORMED("its cluster has just been formed"),
        ELECTION_TIMEOUT("heard from no leader for an election timeout"),
        CONNECTION_CLOSED("the leader's process closed its connection"),
        PRE_VOTE_WON("a majority would vote for it"),
        LEADER_TRANSFER("the leader asked it to take over"),
        ELECTION_WON("a majority voted for it"),
        VOTED("voted for another server"),
        NO_MAJORITY_CONTACT("heard from no majority for an election timeout"),
        HIGHER_TERM("saw a higher term"),
        FOUND_LEADER("heard from the leader of its term"),
        REMOVED("it is no voter any more, and that is committed");

        private final String sentence;

        Trigger(String sentence) {
            this.sentence = sentence;
        }

        @Override
        public String toString() {
            return sentence;
        }
    }
}

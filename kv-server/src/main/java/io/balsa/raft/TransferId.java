package io.balsa.raft;

/**
 * Names one transfer of a snapshot from a leader to a follower; never used twice, as a term has one leader. What two
 * transfers carry must not be mixed, even when both are of the same leader.
 *
 * @param term of the leader
 * @param number counts the leader's transfers in this term, from 1
 */
public record TransferId(long term, long number) implements Comparable<TransferId> {
    @Override
    public int compareTo(TransferId other) {
        return term == other.term ? Long.compare(number, other.number) : Long.compare(term, other.term);
    }

    @Override
    public String toString() {
        return "transfer " + number + " of term " + term;
    }
}

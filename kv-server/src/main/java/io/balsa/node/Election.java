package io.balsa.node;

import io.balsa.raft.NodeId;
import io.balsa.raft.Vote;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What one server knows of one term's election. Times are this server's own; -1: not known to it.
 *
 * @param number counts this server's records; a later record with the same number takes its place
 * @param node whose knowledge this is
 * @param atMillis when it began, by the wall clock, for people
 * @param trigger why, as far as this server knows
 * @param previousLeader who led before, in {@code previousTerm}; null: not known
 * @param leader who won; null: nobody, as far as known
 * @param heartbeatAgeMillis how long ago it had heard from the previous leader when the election began for it
 * @param pauseMillis the longest pause of its process since about an election timeout before that
 * @param commitMillis the longest commit of its log since then
 * @param durationMillis from when the election began for it until it knew the leader
 * @param leaderlessMillis from when it had last heard from the previous leader until it knew the new one
 * @param attempts how often it was begun in this term and came to nothing before
 * @param votes the last word of each voter to each candidate
 */
public record Election(
        long number,
        NodeId node,
        long term,
        long atMillis,
        Trigger trigger,
        @Nullable NodeId previousLeader,
        long previousTerm,
        @Nullable NodeId leader,
        long heartbeatAgeMillis,
        long pauseMillis,
        long commitMillis,
        long durationMillis,
        long leaderlessMillis,
        int attempts,
        List<Vote> votes) {

    /** What began it. */
    public enum Trigger {
        /** The server has been started, and knew no leader. */
        STARTED,
        /** It heard from no leader for an election timeout. */
        TIMEOUT,
        /** The leader's process closed its connection. */
        CONNECTION_CLOSED,
        /** The leader asked it to take over. */
        TRANSFER,
        /** It led, and its process stood still for too long. */
        PAUSE,
        /** It led, and its disk took too long for a commit. */
        DISK,
        /** It led, and heard from no majority for an election timeout. */
        CHECK_QUORUM,
        /** It was asked for a vote, or heard of the term, by another server. */
        OTHER_SERVER;

        /** As in {@code connection_closed}. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Election {
        votes = List.copyOf(votes);
    }

    Election withVotes(List<Vote> newVotes) {
        return new Election(
                number,
                node,
                term,
                atMillis,
                trigger,
                previousLeader,
                previousTerm,
                leader,
                heartbeatAgeMillis,
                pauseMillis,
                commitMillis,
                durationMillis,
                leaderlessMillis,
                attempts,
                newVotes);
    }

    /** {@code won}, {@code followed} (another server leads) or {@code none}. */
    public String outcome() {
        return leader == null ? "none" : leader.equals(node) ? "won" : "followed";
    }

    /** This server led before. */
    public boolean isDeposed() {
        return node.equals(previousLeader);
    }
}

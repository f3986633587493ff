package io.balsa.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One term's election, as the servers that could be asked remember it.
 *
 * @param at when it began, as ISO 8601, by a server's wall clock
 * @param trigger what began it, in a word like {@code timeout} or {@code pause}
 * @param leader who won; null: nobody, as far as known
 * @param previousLeader who led before; null: not known
 * @param leaderlessMillis from the old leader's last word until the new one was known; -1: not known
 * @param explanation a sentence for people
 * @param votes who voted for whom; empty unless one term was asked for
 */
public record ElectionInfo(
        long term,
        String at,
        String trigger,
        @Nullable String leader,
        @Nullable String previousLeader,
        long leaderlessMillis,
        String explanation,
        List<Vote> votes) {
    public ElectionInfo {
        votes = List.copyOf(votes);
    }

    /**
     * A vote.
     *
     * @param node whose knowledge this is
     * @param preVote only whether the voter would vote so
     * @param reason in words
     */
    public record Vote(String node, String candidate, String voter, boolean preVote, boolean granted, String reason) {}
}

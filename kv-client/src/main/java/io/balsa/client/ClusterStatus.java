package io.balsa.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cluster, as one server sees it.
 *
 * @param term the Raft term
 * @param leader the name of the leader; null when none is known
 * @param leaderUrl where the leader serves HTTP; null when that is not known
 * @param membershipRevision changes with each change of the members
 * @param failureTolerance how many of the voters may fail before writes stop
 * @param members in the order of their names
 */
public record ClusterStatus(
        long term,
        @Nullable String leader,
        @Nullable String leaderUrl,
        long membershipRevision,
        long failureTolerance,
        List<Member> members) {
    public ClusterStatus {
        members = List.copyOf(members);
    }

    /**
     * One server of the cluster.
     *
     * @param role {@code voter} or {@code learner}
     * @param raftAddress where its peers reach it; null when it is not known
     * @param httpUrl where it serves HTTP; null when it is not known
     * @param lag entries that it is behind; -1 when the server that was asked does not lead
     */
    public record Member(
            String id,
            String role,
            @Nullable String raftAddress,
            @Nullable String httpUrl,
            long lag) {}
}

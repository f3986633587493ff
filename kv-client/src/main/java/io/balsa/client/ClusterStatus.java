package io.balsa.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cluster, as one server sees it.
 *
 * @param term the Raft term
 * @param leader the name of the leader; null when none is known
 * @param leaderUrl where the leader serves HTTP; null when that is not known
 * @param failureTolerance how many of the members may fail before writes stop
 * @param members in the order of their names
 */
public record ClusterStatus(
        long term, @Nullable String leader, @Nullable String leaderUrl, long failureTolerance, List<Member> members) {
    public ClusterStatus {
        members = List.copyOf(members);
    }

    /**
     * One server of the cluster.
     *
     * @param raftAddress where its peers reach it; null when it is not known
     * @param httpUrl where it serves HTTP; null when it is not known
     */
    public record Member(
            String id,
            @Nullable String raftAddress,
            @Nullable String httpUrl) {}
}

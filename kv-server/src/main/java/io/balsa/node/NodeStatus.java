package io.balsa.node;

import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a server knows about itself, at most a tick ago.
 *
 * @param role {@code follower}, {@code pre-candidate}, {@code candidate} or {@code leader}
 * @param leader null when none is known
 * @param firstLogIndex the oldest entry that the log still has, or would have next
 * @param logEntryBytes what the log's entries take, about
 * @param snapshotIndex what the state holds durably: a snapshot sent now would include entries up to here
 * @param revision the store's revision
 * @param writesPending proposed, not yet answered
 * @param unappliedBytes appended by this leader and not yet applied
 * @param leaderChanges how often this server saw another leader than before
 * @param readLeases whether it takes part in reads by lease
 * @param holdsLease whether it would serve a read by lease now
 * @param comparisons of this server's state with the others'
 * @param membership the newest in this server's log, committed or not
 * @param members every server of the membership, learners too, in order
 */
public record NodeStatus(
        NodeId id,
        String role,
        long term,
        @Nullable NodeId leader,
        long firstLogIndex,
        long lastLogIndex,
        long logEntryBytes,
        long snapshotIndex,
        long commitIndex,
        long lastApplied,
        long revision,
        int writesPending,
        int readsPending,
        long unappliedBytes,
        long leaderChanges,
        boolean readLeases,
        boolean holdsLease,
        Comparisons comparisons,
        Membership membership,
        List<Member> members) {

    /**
     * One server of the cluster.
     *
     * @param matchIndex what the leader knows to be on its disk; 0 unless this server leads
     * @param sinceContactMillis since the leader last heard from it; -1 unless this server leads, 0 for itself
     */
    public record Member(NodeId id, long matchIndex, long sinceContactMillis) {}

    /**
     * What came of comparing states.
     *
     * @param equalIndex the last index at which this server's state was what a majority of the voters had; 0: none yet
     * @param made how often it was compared with what a majority had
     * @param differences how often this server, as the leader, found another's to differ
     */
    public record Comparisons(long equalIndex, long made, long differences) {
        /** Of a server that has just started. */
        public static final Comparisons NONE = new Comparisons(0, 0, 0);
    }

    public boolean isLeader() {
        return id.equals(leader) && role.equals("leader");
    }
}

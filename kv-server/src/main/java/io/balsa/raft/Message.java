package io.balsa.raft;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * The RPCs of Figure 2 and of the thesis, each split into a request and a reply that travel on their own.
 * A new kind does not compile until every role handles it.
 */
public sealed interface Message {
    /** The sender's current term; of a pre-vote, the term it would campaign in. */
    long term();

    /** Calls the handler method for this kind of message. */
    void deliverTo(Handler handler, NodeId from);

    /** Whether it says what its sender's disk holds, or pledges a vote: then it must be from the disk that the membership knows. */
    default boolean promises() {
        return this instanceof AppendEntriesReply
                || this instanceof PreVoteReply
                || this instanceof RequestVoteReply
                || this instanceof InstallSnapshotReply;
    }

    /** "Would you vote for me in {@code term}?" Changes no term and no vote (thesis §9.6). */
    record PreVote(long term, EntryId lastLog) implements Message {
        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onPreVote(from, this);
        }
    }

    /**
     * The answer to {@link PreVote}.
     *
     * @param term when granted the term asked about, else the voter's own
     */
    record PreVoteReply(long term, boolean voteGranted) implements Message {
        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onPreVoteReply(from, this);
        }
    }

    /**
     * Invoked by candidates to gather votes (§5.2).
     *
     * @param leaderTransfer the old leader asked for this election, so a live leader is no reason to refuse (thesis §3.10)
     */
    record RequestVote(long term, EntryId lastLog, boolean leaderTransfer) implements Message {
        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onRequestVote(from, this);
        }
    }

    /** The answer to {@link RequestVote}. */
    record RequestVoteReply(long term, boolean voteGranted) implements Message {
        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onRequestVoteReply(from, this);
        }
    }

    /**
     * Invoked by the leader to replicate entries (§5.3); without entries it is a heartbeat (§5.2).
     *
     * @param round counts the leader's heartbeats in this term; the reply returns it, which confirms reads (thesis §6.4)
     * @param askedIndex behind which entry states are being compared: the follower answers with its digest there; 0: none
     * @param agreed what a majority of the voters last agreed on; {@link Digest#NONE}: nothing yet
     */
    record AppendEntries(
            long term,
            EntryId prevLog,
            List<LogEntry> entries,
            long leaderCommit,
            long round,
            long askedIndex,
            Digest agreed)
            implements Message {
        /** Compares nothing. */
        public AppendEntries(long term, EntryId prevLog, List<LogEntry> entries, long leaderCommit, long round) {
            this(term, prevLog, entries, leaderCommit, round, 0, Digest.NONE);
        }

        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onAppendEntries(from, this);
        }
    }

    /**
     * The answer to {@link AppendEntries}.
     *
     * @param matchIndex on success, the logs agree up to here
     * @param rejected on failure, the index of the request's prevLog; tells the leader which attempt failed. 0 in the
     *     answer to a request of an older term
     * @param hint on failure, the last entry of this server that may still agree: the leader looks for the last entry of
     *     its own at or before {@code hint.index()} whose term is at most {@code hint.term()} (end of §5.3)
     * @param round as received; 0 in the answer to a request of an older term
     * @param pledgeNanos for how long this server elects nobody else, from when it received the request; see {@link Leases}
     * @param digest of the state behind the last entry that a leader asked for and that was applied since
     */
    record AppendEntriesReply(
            long term,
            boolean success,
            long matchIndex,
            long rejected,
            EntryId hint,
            long round,
            long pledgeNanos,
            Digest digest)
            implements Message {
        /** Says nothing of the state. */
        public AppendEntriesReply(
                long term,
                boolean success,
                long matchIndex,
                long rejected,
                EntryId hint,
                long round,
                long pledgeNanos) {
            this(term, success, matchIndex, rejected, hint, round, pledgeNanos, Digest.NONE);
        }

        /** Of a server that pledges nothing, either. */
        public AppendEntriesReply(
                long term, boolean success, long matchIndex, long rejected, EntryId hint, long round) {
            this(term, success, matchIndex, rejected, hint, round, 0);
        }

        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onAppendEntriesReply(from, this);
        }
    }

    /**
     * Invoked by the leader to send a chunk of a snapshot to a follower that lacks entries which the leader no longer has
     * (§7). Heartbeats go on beside it.
     *
     * @param transfer tells this transfer from all others of the term's leader
     * @param lastIncluded the snapshot replaces all entries up to and including this one
     * @param offset bytes of the transfer before this chunk
     * @param data raw bytes of the chunk, not empty
     * @param done whether this is the last chunk
     */
    record InstallSnapshot(long term, long transfer, EntryId lastIncluded, long offset, ByteBuffer data, boolean done)
            implements Message {
        public InstallSnapshot {
            data = data.isReadOnly() ? data : data.asReadOnlyBuffer();
        }

        public TransferId transferId() {
            return new TransferId(term, transfer);
        }

        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onInstallSnapshot(from, this);
        }

        @Override
        public String toString() {
            return "InstallSnapshot[term=" + term + ", transfer=" + transfer + ", lastIncluded=" + lastIncluded
                    + ", offset=" + offset + ", " + data.remaining() + " bytes, done=" + done + "]";
        }
    }

    /**
     * The answer to {@link InstallSnapshot}.
     *
     * @param transfer as received; 0 in the answer to a request of an older term
     * @param accepted false: this server does not have, or could not use, what came before; begin another transfer
     * @param offset bytes of this transfer that are stored, without a gap
     * @param matchIndex the logs agree up to here, since the snapshot is installed or was not needed; else 0
     */
    record InstallSnapshotReply(long term, long transfer, boolean accepted, long offset, long matchIndex)
            implements Message {
        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onInstallSnapshotReply(from, this);
        }
    }

    /**
     * A follower asks the leader for a read index, so that it can serve linearizable reads itself (thesis §6.4).
     *
     * @param id never used again by this server, restarts included
     */
    record ReadIndex(long term, long id) implements Message {
        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onReadIndex(from, this);
        }
    }

    /**
     * The answer to {@link ReadIndex}, sent once leadership is confirmed.
     *
     * @param readIndex what was applied up to here is fresh enough
     */
    record ReadIndexReply(long term, long id, long readIndex) implements Message {
        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onReadIndexReply(from, this);
        }
    }

    /** The leader asks its successor to campaign at once (thesis §3.10). */
    record TimeoutNow(long term) implements Message {
        @Override
        public void deliverTo(Handler handler, NodeId from) {
            handler.onTimeoutNow(from, this);
        }
    }

    /** One method per kind of message. */
    interface Handler {
        void onPreVote(NodeId from, PreVote request);

        void onPreVoteReply(NodeId from, PreVoteReply reply);

        void onRequestVote(NodeId from, RequestVote request);

        void onRequestVoteReply(NodeId from, RequestVoteReply reply);

        void onAppendEntries(NodeId from, AppendEntries request);

        void onAppendEntriesReply(NodeId from, AppendEntriesReply reply);

        void onInstallSnapshot(NodeId from, InstallSnapshot request);

        void onInstallSnapshotReply(NodeId from, InstallSnapshotReply reply);

        void onReadIndex(NodeId from, ReadIndex request);

        void onReadIndexReply(NodeId from, ReadIndexReply reply);

        void onTimeoutNow(NodeId from, TimeoutNow request);
    }
}

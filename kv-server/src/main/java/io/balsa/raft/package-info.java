/**
 * Raft: how a cluster of servers keeps one log. This is Figure 2 of "In Search of an Understandable Consensus Algorithm"
 * (Ongaro and Ousterhout, 2014; § without a word before it) and the parts of Ongaro's dissertation ("thesis §") that a real
 * server needs, as a deterministic state machine.
 *
 * <h2>How it is driven</h2>
 *
 * What goes in is a plain call on {@link io.balsa.raft.Raft}: the time, a tick, a message, a proposal, a read, a closed connection. What
 * comes out is plain data: one {@link io.balsa.raft.Ready} for everything that went in since the last. There are two lists of
 * messages in it, before and after the write, because an AppendEntries claims nothing about its sender's disk and all
 * other messages do (thesis §10.2.1).
 *
 * <h2>Where things are</h2>
 *
 * <table>
 * <caption>The papers and the code</caption>
 * <tr><td>Figure 2, state</td><td>{@link io.balsa.raft.HardState}, {@link io.balsa.raft.RaftLog}, {@link io.balsa.raft.Progress}</td></tr>
 * <tr><td>Figure 2, RequestVote</td><td>{@link io.balsa.raft.Candidate}, {@link io.balsa.raft.Raft#mayVoteFor}</td></tr>
 * <tr><td>Figure 2, AppendEntries</td><td>{@link io.balsa.raft.Leader}, {@link io.balsa.raft.Follower#onAppendEntries}</td></tr>
 * <tr><td>Figure 2, rules for servers</td><td>{@link io.balsa.raft.Role} and the four roles</td></tr>
 * <tr><td>§5.3, conflicts found by term</td><td>{@link io.balsa.raft.RaftLog#lastNotAfter}</td></tr>
 * <tr><td>§7, Figure 13, snapshots</td><td>{@link io.balsa.raft.SnapshotTransfer}, {@link
 * io.balsa.raft.Follower#onInstallSnapshot}, {@link io.balsa.raft.SnapshotTask}</td></tr>
 * <tr><td>§5.4.2, Figure 8</td><td>{@link io.balsa.raft.Leader#written}: the commit rule</td></tr>
 * <tr><td>thesis §4, membership changes</td><td>{@link io.balsa.raft.Membership}, {@link io.balsa.raft.Memberships}, {@link io.balsa.raft.MembershipChanges}</td></tr>
 * <tr><td>thesis §3.10, leadership transfer</td><td>{@link io.balsa.raft.Raft#transferLeadership}, {@link io.balsa.raft.Follower#onTimeoutNow}</td></tr>
 * <tr><td>thesis §4.2.3, stickiness</td><td>{@link io.balsa.raft.Role#hasLiveLeader}</td></tr>
 * <tr><td>thesis §6.2, check-quorum</td><td>{@link io.balsa.raft.Leader#tick}</td></tr>
 * <tr><td>thesis §6.4, ReadIndex</td><td>{@link io.balsa.raft.PendingReads}</td></tr>
 * <tr><td>thesis §6.4.1, leases</td><td>{@link io.balsa.raft.Leases}: what is pledged and why that is enough; {@link
 * io.balsa.raft.Lease}</td></tr>
 * <tr><td>thesis §9.6, pre-vote</td><td>{@link io.balsa.raft.PreCandidate}</td></tr>
 * </table>
 *
 * <h2>The transitions</h2>
 *
 * <pre>
 *                 timeout, or the leader's             a majority would            a majority
 *                 connection closed                    vote for it                 voted for it
 *   Follower ───────────────────────▶ PreCandidate ─────────────────▶ Candidate ─────────────────▶ Leader
 *    ▲   │                              ▲      │ ▲                     │   │                         │
 *    │   └── TimeoutNow: no pre-vote ───┼──────┼─┼────────────────────▶│   │                         │
 *    │                                  └──────┘ └──── timeout ────────┘   │                         │
 *    └── a higher term, the leader of this term, a vote for another ◀──────┴── no majority heard ◀───┘
 * </pre>
 *
 * <h2>Caveats</h2>
 *
 * <ul>
 *   <li>The log is cut by its owner, not here: {@link io.balsa.raft.StoredLog#anchor} tells what is gone. A transfer of a
 *       snapshot survives neither its leader's term nor its follower's process.
 *   <li>Pre-vote, stickiness and check-quorum belong together: with any one missing there is a known livelock.
 *   <li>A server that is restarted knows no leader, and grants a vote at once, unless an earlier process of it may have pledged not
 *       to. Reads by lease rest on clocks; nothing else does.
 *   <li>Nothing here is thread-safe, and nothing here logs: {@link io.balsa.raft.Transition} tells the driver what to log.
 * </ul>
 */
@NullMarked
package io.balsa.raft;

import org.jspecify.annotations.NullMarked;

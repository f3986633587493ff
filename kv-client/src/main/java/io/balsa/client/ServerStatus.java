package io.balsa.client;

import org.jspecify.annotations.Nullable;

/**
 * What one server says of itself.
 *
 * @param id its name in the cluster
 * @param role {@code follower}, {@code pre-candidate}, {@code candidate} or {@code leader}
 * @param term the Raft term that it is in
 * @param leader the name of the leader; null when it knows none
 * @param leaderUrl where the leader serves HTTP; null when that is not known
 * @param commitIndex the last log entry that it knows to be on a majority's disks
 * @param lastApplied the last log entry that its state contains
 * @param revision of its state
 * @param version of its software
 */
public record ServerStatus(
        String id,
        String role,
        long term,
        @Nullable String leader,
        @Nullable String leaderUrl,
        long commitIndex,
        long lastApplied,
        long revision,
        String version) {}

package io.balsa.node;

import io.balsa.raft.Divergence;
import io.balsa.raft.EntryId;
import io.balsa.raft.Membership;
import io.balsa.raft.Transition;
import io.balsa.raft.Vote;

/** Watches the loop, for metrics and the log. Called on the Raft thread; must return quickly. */
public interface Observer {
    /** Sees nothing. */
    Observer NONE = new Observer() {};

    /** A turn took {@code nanos} and took in {@code inputs}. */
    default void turn(long nanos, int inputs) {}

    /** A write was applied {@code nanos} after it was proposed here. */
    default void applied(long nanos) {}

    default void writeRefused(Refusal reason) {}

    default void writeUncertain(Uncertainty reason) {}

    /** A read was served {@code nanos} after it was asked here; 0 when it had to wait for nothing. */
    default void readServed(Consistency consistency, long nanos) {}

    default void readRefused(Refusal reason) {}

    /** A snapshot has replaced the state and the log, which took {@code nanos} of the Raft thread. */
    default void snapshotInstalled(EntryId lastIncluded, long nanos) {}

    default void transition(Transition transition) {}

    default void vote(Vote vote) {}

    /** A message of the current term's leader came in; told once a turn. */
    default void heardFromLeader() {}

    /** A commit of the log took {@code nanos}. */
    default void committed(long nanos) {}

    /** This leader has found states that differ behind the same entry. */
    default void statesDiffer(Divergence found) {}

    /** Another membership is in force on this server, or the first one. */
    default void membership(Membership membership) {}
}

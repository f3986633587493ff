package io.balsa.node;

import io.balsa.raft.Membership;
import io.balsa.raft.Transition;

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

    default void transition(Transition transition) {}

    /** Another membership is in force on this server, or the first one. */
    default void membership(Membership membership) {}
}

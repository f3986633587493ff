/**
 * A whole cluster in one thread, under one seed: real servers ({@code Raft}, {@code RaftLoop}, {@code KvStateMachine})
 * on a virtual clock, simulated disks and a simulated network, with clients and an adversary.
 *
 * <p>{@link io.balsa.sim.Simulation} runs one seed. It draws its own mix of faults ({@link io.balsa.sim.Faults}), lets
 * the adversary do its worst for some virtual seconds, then heals everything and demands a leader, progress and equal
 * servers. {@link io.balsa.sim.Invariants} are checked at every message, write, answer and turn; what the clients saw is
 * held against the one committed log ({@link io.balsa.sim.CommittedLog}) and, knowing nothing of any log, against the
 * definition of linearizability.
 *
 * <p>The same seed gives the same run on every JDK: chance comes from one {@code SplittableRandom}, nothing iterates in
 * hash order, and no clock is read.
 */
@NullMarked
package io.balsa.sim;

import org.jspecify.annotations.NullMarked;

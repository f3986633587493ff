/**
 * Compares Balsa with what one would use instead, in one run on one machine.
 *
 * <p>{@link io.balsa.benchmarks.Compare} reads the command line; {@link io.balsa.benchmarks.Rounds} starts one system
 * after the other on fresh clusters and puts the loads on each, round after round, in an order that turns;
 * {@link io.balsa.benchmarks.FailOvers} kills and pauses leaders under a small load; {@link io.balsa.benchmarks.Growth}
 * fills a cluster step by step. What they measure goes to {@link io.balsa.benchmarks.report}.
 */
@NullMarked
package io.balsa.benchmarks;

import org.jspecify.annotations.NullMarked;

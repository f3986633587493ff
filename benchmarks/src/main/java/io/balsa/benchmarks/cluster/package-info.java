/**
 * Clusters of real processes on loopback, with their data on a real disk.
 *
 * <p>A {@link io.balsa.benchmarks.cluster.ServerKind} knows how one member is started, who leads, and whether a write is
 * acknowledged; {@link io.balsa.benchmarks.cluster.Cluster} starts, stops, kills and pauses members and adds up what they
 * use, from {@code /proc}. Every process is ended by the handle that started it, also when this JVM is interrupted.
 */
@NullMarked
package io.balsa.benchmarks.cluster;

import org.jspecify.annotations.NullMarked;

/**
 * The hot path piece by piece, and whole, in one JVM: {@code java -jar benchmarks/target/benchmarks.jar}.
 *
 * <p>Pieces that are not public have their benchmark in their own package: {@code io.balsa.transport},
 * {@code io.balsa.storage}, {@code io.balsa.http} and {@code io.balsa.client}. {@link io.balsa.benchmarks.jmh.Regress}
 * compares two result files.
 */
@NullMarked
package io.balsa.benchmarks.jmh;

import org.jspecify.annotations.NullMarked;

/**
 * The load: the same for every system that is measured.
 *
 * <p>A {@link io.balsa.benchmarks.load.Driver} knows one system's protocol and nothing of load: it starts an operation
 * for a numbered client and later says how it ended. {@link io.balsa.benchmarks.load.ClosedLoop} keeps N clients busy,
 * each with one operation at a time; {@link io.balsa.benchmarks.load.OpenLoop} starts operations at a fixed rate,
 * whatever the answers do, and measures each from the moment it was due. {@link io.balsa.benchmarks.load.Recording}
 * takes what ended; {@link io.balsa.benchmarks.load.Latencies} turns it into the few numbers that are reported.
 *
 * <p>A closed loop asks less of a system that is slow: while an answer is late, its client sends nothing, so the late
 * moment is sampled once where an independent user would have met it many times (coordinated omission). So the
 * percentiles are given twice: as recorded, and corrected with the pace that the client would have kept.
 */
@NullMarked
package io.balsa.benchmarks.load;

import org.jspecify.annotations.NullMarked;

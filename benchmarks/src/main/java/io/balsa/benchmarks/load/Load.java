package io.balsa.benchmarks.load;

import java.time.Duration;

/**
 * One load.
 *
 * @param clients operations in flight: exactly in a closed loop, at most in an open one
 * @param keys operations choose among this many, uniformly
 * @param warmUp time before anything is recorded
 * @param measured time that is recorded
 * @param operationTimeout an operation without an answer by then counts as failed, and its client goes on
 */
public record Load(
        Workload workload, int clients, long keys, Duration warmUp, Duration measured, Duration operationTimeout) {}

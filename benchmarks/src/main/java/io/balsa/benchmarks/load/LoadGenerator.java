package io.balsa.benchmarks.load;

import java.io.IOException;

/** Runs one load from warm-up to result; the caller waits. Used once. */
public interface LoadGenerator {
    /** Throws IOException when a generator outside of this process cannot be run. */
    LoadResult run(Window window) throws IOException, InterruptedException;
}

package io.balsa.benchmarks.jmh;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Turns without disk and network, a batch of puts at a time: of a cluster of one, where it is the loop and the state machine
 * alone, and of three, from the proposal to the answer and the followers' commit.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class TurnBenchmark {
    private static final int KEYS = 10_000;

    @Param({"1", "3"})
    public int servers;

    @Param({"1", "16", "256"})
    public int batch;

    private MemoryCluster cluster = new MemoryCluster(1);
    private List<List<ByteBuffer>> batches = List.of();
    private int next;

    @Setup(Level.Trial)
    public void start() {
        cluster = new MemoryCluster(servers);
        batches = LongStream.range(0, Math.max(1, KEYS / batch))
                .mapToObj(number -> LongStream.range(number * batch, (number + 1) * batch)
                        .mapToObj(Samples::encodedPut)
                        .toList())
                .toList();
    }

    /** One operation is the whole batch. */
    @Benchmark
    public int proposeToCommit() {
        next = (next + 1) % batches.size();
        return cluster.write(batches.get(next));
    }
}

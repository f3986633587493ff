package io.balsa.storage;

import io.balsa.benchmarks.jmh.Samples;
import io.balsa.raft.LogEntry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A batch of puts to the block that the log stores, with the checksum of each entry and of the block. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class EntryCodecBenchmark {
    @Param({"1", "16", "256"})
    public int entries;

    private final EntryCodec codec = new EntryCodec(Path.of("benchmark"));
    private List<LogEntry> batch = List.of();
    private ByteBuffer block = ByteBuffer.allocateDirect(0);

    @Setup(Level.Trial)
    public void prepare() {
        batch = Samples.entries(1, entries);
        int bytes = EntryCodec.BLOCK_HEADER_BYTES
                + batch.stream().mapToInt(EntryCodec::sizeOf).sum();
        block = ByteBuffer.allocateDirect(bytes);
    }

    @Benchmark
    public ByteBuffer writeBlockWithChecksums() {
        block.clear();
        codec.writeBlock(block, batch, 0, batch.size(), EntryCodec.Seal.NONE);
        return block;
    }
}

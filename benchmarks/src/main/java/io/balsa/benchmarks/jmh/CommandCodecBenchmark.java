package io.balsa.benchmarks.jmh;

import io.balsa.kv.Command;
import io.balsa.kv.CommandCodec;
import io.balsa.kv.MalformedCommandException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A put of 256 bytes to the bytes that travel in the log, and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CommandCodecBenchmark {
    private final Command command = Samples.put(42);
    private final ByteBuffer encoded = CommandCodec.encode(command);

    @Benchmark
    public ByteBuffer encode() {
        return CommandCodec.encode(command);
    }

    @Benchmark
    public Command decode() throws MalformedCommandException {
        return CommandCodec.decode(encoded.duplicate());
    }
}

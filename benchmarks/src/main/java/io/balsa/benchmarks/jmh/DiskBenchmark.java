package io.balsa.benchmarks.jmh;

import io.balsa.raft.LogEntry;
import io.balsa.raft.NodeId;
import io.balsa.storage.CommitObserver;
import io.balsa.storage.DataDirectory;
import io.balsa.storage.LmdbLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One synchronous commit of a batch to the log, and beside it the yardstick: as many bytes to a plain file that does not
 * grow, with one {@code fdatasync}. Set {@code balsa.benchmarks.dir} to a directory on the disk that is to be measured; the
 * default is the current one.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(jvmArgsPrepend = {"--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"})
public class DiskBenchmark {
    private static final long MAP_BYTES = 1L << 30;
    private static final long KEPT_ENTRIES = 20_000;
    private static final int PLAIN_FILE_BYTES = 64 << 20;
    private static final int PAGE_BYTES = 4096;

    @Param({"1", "10", "100", "1000"})
    public int batch;

    private Path directory = Path.of(".");
    private @Nullable DataDirectory data;
    private @Nullable LmdbLog log;
    private @Nullable FileChannel plain;
    private List<ByteBuffer> commands = List.of();
    private ByteBuffer block = ByteBuffer.allocateDirect(0);
    private long nextIndex = 1;
    private long plainPosition;

    @Setup(Level.Trial)
    public void open() throws IOException {
        directory = TemporaryDirectory.create();
        data = DataDirectory.open(directory.resolve("data"), "benchmark", new NodeId(1));
        log = LmdbLog.open(data, MAP_BYTES, CommitObserver.NONE);
        commands = new ArrayList<>();
        for (int i = 0; i < batch; i++) {
            commands.add(Samples.encodedPut(i).asReadOnlyBuffer());
        }
        plain = FileChannel.open(
                directory.resolve("plain"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
        for (long at = 0; at < PLAIN_FILE_BYTES; at += zeros.capacity()) {
            plain.write(zeros.clear(), at);
        }
        plain.force(true);
        int bytes = batch * commands.get(0).remaining();
        block = ByteBuffer.allocateDirect((bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
        if (log != null && data != null && plain != null) {
            log.close();
            data.close();
            plain.close();
        }
        TemporaryDirectory.delete(directory);
    }

    @Benchmark
    public long logCommit() {
        LmdbLog open = log;
        if (open == null) {
            throw new IllegalStateException("not open");
        }
        List<LogEntry> entries = new ArrayList<>(batch);
        for (ByteBuffer command : commands) {
            entries.add(new LogEntry(nextIndex++, 1, command));
        }
        open.write(null, entries);
        if (nextIndex > KEPT_ENTRIES) {
            open.truncateBefore(nextIndex - KEPT_ENTRIES);
        }
        return nextIndex;
    }

    @Benchmark
    public long plainFile() throws IOException {
        FileChannel open = plain;
        if (open == null) {
            throw new IllegalStateException("not open");
        }
        if (plainPosition + block.capacity() > PLAIN_FILE_BYTES) {
            plainPosition = 0;
        }
        plainPosition += open.write(block.clear(), plainPosition);
        open.force(false);
        return plainPosition;
    }
}

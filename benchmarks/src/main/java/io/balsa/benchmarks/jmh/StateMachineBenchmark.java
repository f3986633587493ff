package io.balsa.benchmarks.jmh;

import io.balsa.benchmarks.load.Keys;
import io.balsa.kv.KeyRange;
import io.balsa.kv.KvStateMachine;
import io.balsa.kv.Outcome;
import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import io.balsa.raft.NodeId;
import io.balsa.storage.CheckpointObserver;
import io.balsa.storage.DataDirectory;
import io.balsa.storage.LmdbState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
 * The state machine on its real state: memory table in front of LMDB, checkpoints in the background. Applying waits when
 * too much waits for the disk, as the loop does, so its average contains what checkpoints cost in the long run.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(jvmArgsPrepend = {"--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"})
public class StateMachineBenchmark {
    private static final long MAP_BYTES = 4L << 30;
    private static final long TABLE_BYTES = 16 << 20;
    private static final int COMMANDS = 4096;
    private static final int PAGE = 100;
    private static final long PAGE_BYTES_MAX = 1 << 20;

    @Param({"10000", "1000000"})
    public long keys;

    private Path directory = Path.of(".");
    private @Nullable DataDirectory data;
    private @Nullable LmdbState state;
    private @Nullable KvStateMachine machine;
    private List<ByteBuffer> commands = List.of();
    private List<Query> gets = List.of();
    private List<Query> pages = List.of();
    private long index;
    private int next;

    @Setup(Level.Trial)
    public void open() throws IOException {
        directory = TemporaryDirectory.create();
        data = DataDirectory.open(directory.resolve("data"), "benchmark", new NodeId(1));
        state = LmdbState.open(data, MAP_BYTES, TABLE_BYTES, CheckpointObserver.NONE);
        machine = new KvStateMachine(state);
        for (long key = 0; key < keys; key++) {
            applyOne(machine, Samples.encodedPut(key));
        }
        byte[] end = Keys.END.getBytes(StandardCharsets.US_ASCII);
        commands = new ArrayList<>();
        gets = new ArrayList<>();
        pages = new ArrayList<>();
        for (int i = 0; i < COMMANDS; i++) {
            long key = Math.floorMod(i * 2_654_435_761L, keys);
            commands.add(Samples.encodedPut(key));
            gets.add(new Query.Get(Samples.key(key)));
            KeyRange range = new KeyRange(Samples.key(key).toBytes(), end);
            pages.add(new Query.Page(range, null, PAGE, PAGE_BYTES_MAX, false, false, null, 0));
        }
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
        if (state != null && data != null) {
            state.close();
            data.close();
        }
        TemporaryDirectory.delete(directory);
    }

    @Benchmark
    public Outcome apply() {
        return applyOne(machine(), commands.get(step()));
    }

    @Benchmark
    public QueryResult pointRead() {
        return machine().query(gets.get(step()));
    }

    @Benchmark
    public QueryResult rangePageOf100() {
        return machine().query(pages.get(step()));
    }

    private Outcome applyOne(KvStateMachine to, ByteBuffer command) {
        while (!to.hasRoom()) {
            LockSupport.parkNanos(100_000);
        }
        return to.apply(++index, command.duplicate());
    }

    private int step() {
        next = (next + 1) % COMMANDS;
        return next;
    }

    private KvStateMachine machine() {
        if (machine == null) {
            throw new IllegalStateException("not open");
        }
        return machine;
    }
}

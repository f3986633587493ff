package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.balsa.node.Snapshots;
import io.balsa.raft.EntryId;
import io.balsa.raft.Message;
import io.balsa.raft.SnapshotChunk;
import io.balsa.raft.SnapshotTask;
import io.balsa.raft.TransferId;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LmdbSnapshotsTest {
    private static final long MAP_BYTES = 1L << 30;
    private static final long TABLE_BYTES = 8 << 20;
    private static final long FAST = 1L << 40;
    private static final TransferId FIRST = new TransferId(7, 1);
    private static final TransferId SECOND = new TransferId(7, 2);

    @TempDir
    Path directory;

    /** A state with its snapshots, and what they told. */
    private static final class Store implements Snapshots.Outcomes, AutoCloseable {
        final AtomicLong nanos = new AtomicLong();
        final LmdbState state;
        final LmdbSnapshots snapshots;
        final BlockingQueue<SnapshotChunk> read = new LinkedBlockingQueue<>();
        final BlockingQueue<String> told = new LinkedBlockingQueue<>();

        Store(Path directory, long bytesPerSecond) throws IOException {
            Path own = Files.createDirectories(directory.resolve("state"));
            state = LmdbState.open(
                    own,
                    MAP_BYTES,
                    TABLE_BYTES,
                    () -> nanos.addAndGet(TimeUnit.SECONDS.toNanos(6)),
                    CheckpointObserver.NONE);
            snapshots = new LmdbSnapshots(
                    state,
                    directory.resolve("state.new"),
                    MAP_BYTES,
                    bytesPerSecond,
                    () -> this,
                    failure -> told.add(failure.toString()),
                    SnapshotObserver.NONE);
        }

        @Override
        public void read(SnapshotChunk chunk) {
            read.add(chunk);
        }

        @Override
        public void readFailed(TransferId transfer) {
            told.add("cannot read " + transfer);
        }

        @Override
        public void stored(TransferId transfer, long offset, boolean whole) {
            told.add("stored " + offset + (whole ? ", whole" : ""));
        }

        @Override
        public void refused(TransferId transfer) {
            told.add("refused " + transfer);
        }

        SnapshotChunk next(TransferId transfer) throws InterruptedException {
            snapshots.start(new SnapshotTask.Read(transfer));
            SnapshotChunk chunk = read.poll(20, TimeUnit.SECONDS);
            assertThat(chunk).as("a chunk, or %s", told).isNotNull();
            return chunk;
        }

        List<SnapshotChunk> all(TransferId transfer) throws InterruptedException {
            List<SnapshotChunk> chunks = new ArrayList<>();
            do {
                chunks.add(next(transfer));
            } while (!chunks.get(chunks.size() - 1).done());
            snapshots.start(new SnapshotTask.EndRead(transfer));
            return chunks;
        }

        String store(SnapshotChunk chunk, TransferId as) throws InterruptedException {
            snapshots.start(new SnapshotTask.Store(new Message.InstallSnapshot(
                    as.term(), as.number(), end(chunk), chunk.offset(), chunk.data(), chunk.done())));
            return told.poll(20, TimeUnit.SECONDS);
        }

        String storeAll(List<SnapshotChunk> chunks, TransferId as) throws InterruptedException {
            String last = "";
            for (SnapshotChunk chunk : chunks) {
                last = store(chunk, as);
            }
            return last;
        }

        @Override
        public void close() {
            snapshots.close();
            state.close();
        }
    }

    private static EntryId end(SnapshotChunk chunk) {
        return new EntryId(chunk.index(), 3);
    }

    /** Fills a state so that at {@code index} all keys tell of it, and waits until that is durable. */
    private static void fill(Store store, int keys, long index) {
        for (int i = 0; i < keys; i++) {
            store.state.put(key(i), value(i, index));
        }
        store.state.remove(key((int) (index % keys)));
        store.state.applied(index);
        await().atMost(20, TimeUnit.SECONDS).until(() -> {
            store.state.applied(index); // When it is old, and the checkpoint before it is done, it is written.
            return store.state.durableIndex() == index;
        });
    }

    private static byte[] key(int i) {
        return ("key " + i).getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] value(int i, long index) {
        byte[] value = new byte[i % 100 == 7 ? 40_000 : i % 300];
        new Random(index * 1_000_003 + i).nextBytes(value);
        return value;
    }

    private static List<String> contents(LmdbState state) {
        List<String> contents = new ArrayList<>();
        state.scan(new byte[0], null, false, (key, value) -> {
            contents.add(new String(key, StandardCharsets.UTF_8) + "=" + Arrays.hashCode(value));
            return true;
        });
        return contents;
    }

    @Test
    void aStateArrivesAsItWasAtItsCheckpointAndSurvivesARestart() throws Exception {
        Path to = directory.resolve("to");
        List<String> expected;
        try (Store from = new Store(directory.resolve("from"), FAST);
                Store target = new Store(to, FAST)) {
            fill(target, 50, 5);
            fill(from, 3_000, 20);
            expected = contents(from.state);
            SnapshotChunk first = from.next(FIRST);
            fill(from, 3_100, 21); // What comes later is not in it.
            List<SnapshotChunk> chunks = new ArrayList<>(List.of(first));
            chunks.addAll(from.all(FIRST));
            assertThat(chunks).hasSizeGreaterThan(3);
            assertThat(target.storeAll(chunks, FIRST)).endsWith(", whole");
            assertThat(target.state.lastApplied()).isEqualTo(5);
            target.snapshots.install(FIRST, new EntryId(20, 3));
            assertThat(target.state.lastApplied()).isEqualTo(20);
            assertThat(target.state.installed()).isEqualTo(new EntryId(20, 3));
            assertThat(contents(target.state)).isEqualTo(expected);
            target.state.put(key(1), new byte[] {1});
            target.state.applied(21);
        }
        try (Store target = new Store(to, FAST)) {
            assertThat(target.state.lastApplied()).isEqualTo(21);
            assertThat(target.state.installed()).isEqualTo(new EntryId(20, 3));
            assertThat(target.state.get(key(1))).containsExactly(1);
            assertThat(contents(target.state)).hasSameSizeAs(expected);
        }
    }

    @Test
    void aSnapshotOfOneThatWasInstalledIsOne() throws Exception {
        try (Store from = new Store(directory.resolve("from"), FAST);
                Store second = new Store(directory.resolve("second"), FAST);
                Store third = new Store(directory.resolve("third"), FAST)) {
            fill(from, 100, 9);
            second.storeAll(from.all(FIRST), FIRST);
            second.snapshots.install(FIRST, new EntryId(9, 3));
            assertThat(third.storeAll(second.all(FIRST), FIRST)).endsWith("whole");
            third.snapshots.install(FIRST, new EntryId(9, 3));
            assertThat(contents(third.state)).isEqualTo(contents(from.state));
        }
    }

    @Test
    void damageAndChunksThatDoNotFollowAreRefused() throws Exception {
        try (Store from = new Store(directory.resolve("from"), FAST);
                Store target = new Store(directory.resolve("to"), FAST)) {
            fill(from, 3_000, 20);
            List<SnapshotChunk> one = from.all(FIRST);
            fill(from, 3_000, 40);
            List<SnapshotChunk> other = from.all(SECOND);

            assertThat(target.store(one.get(1), FIRST)).isEqualTo("refused " + FIRST);
            target.store(one.get(0), FIRST);
            assertThat(target.store(other.get(1), FIRST))
                    .as("of another snapshot")
                    .isEqualTo("refused " + FIRST);
            target.store(one.get(0), FIRST);
            assertThat(target.store(one.get(2), FIRST)).as("behind a gap").isEqualTo("refused " + FIRST);
            target.store(one.get(0), FIRST);
            assertThat(target.store(one.get(0), SECOND))
                    .as("another transfer begins")
                    .startsWith("stored");
            assertThat(target.store(one.get(1), FIRST)).as("of the one before").isEqualTo("refused " + FIRST);
            byte[] bytes = new byte[one.get(0).data().remaining()];
            one.get(0).data().duplicate().get(bytes);
            bytes[bytes.length / 2] ^= 4;
            assertThat(target.store(new SnapshotChunk(SECOND, 20, 0, ByteBuffer.wrap(bytes), false), SECOND))
                    .isEqualTo("refused " + SECOND);
            assertThatThrownBy(() -> target.snapshots.install(SECOND, new EntryId(20, 3)))
                    .isInstanceOf(AssertionError.class);
            assertThat(target.storeAll(other, SECOND)).endsWith("whole");
        }
    }

    @Test
    void chunksAreReadNoFasterThanTheRate() throws Exception {
        try (Store from = new Store(directory.resolve("from"), 4 << 20)) {
            fill(from, 6_000, 3);
            long start = System.nanoTime();
            List<SnapshotChunk> chunks = from.all(FIRST);
            long bytes =
                    chunks.stream().mapToLong(chunk -> chunk.data().remaining()).sum();
            assertThat(bytes).isGreaterThan(1 << 20);
            double seconds = (System.nanoTime() - start) / 1e9;
            assertThat(seconds).isGreaterThan((double) (bytes - (512 << 10)) / (4 << 20));
        }
    }

    @Test
    void aKillDuringAnInstallLeavesTheOldOrTheNew() throws Exception {
        long seed = System.nanoTime();
        System.out.println("aKillDuringAnInstallLeavesTheOldOrTheNew: seed " + seed);
        Random random = new Random(seed);
        long installed = 0;
        for (int kill = 0; kill < 4; kill++) {
            Process child = ChildJvm.start(Installer.class, List.of(directory.toString()));
            try (BufferedReader lines = ChildJvm.lines(child)) {
                int linesUntilKill = 2 + random.nextInt(20);
                String line;
                for (int count = 0; (line = lines.readLine()) != null; count++) {
                    if (line.matches("installed \\d+ \\.")) {
                        installed = Long.parseLong(line.split(" ", -1)[1]);
                    }
                    if (count == linesUntilKill) {
                        Thread.onSpinWait();
                        child.toHandle().destroyForcibly();
                    }
                }
            }
            assertThat(child.waitFor()).isEqualTo(128 + 9);
            verify(installed);
        }
        assertThat(installed).isPositive();
    }

    private void verify(long installed) throws IOException {
        try (Store target = new Store(directory.resolve("to"), FAST);
                LmdbLog log = openLog(directory)) {
            log.finishInstall(target.state.installed());
            long index = target.state.lastApplied();
            assertThat(index).isGreaterThanOrEqualTo(installed);
            assertThat(log.anchor()).isEqualTo(target.state.installed());
            assertThat(log.last().index()).isEqualTo(index);
            for (int i = 0; i < Installer.KEYS && index > 0; i++) {
                assertThat(target.state.get(key(i))).isEqualTo(i == index % Installer.KEYS ? null : value(i, index));
            }
        }
    }

    private static LmdbLog openLog(Path directory) throws IOException {
        Path own = Files.createDirectories(directory.resolve("to").resolve("log"));
        return LmdbLog.open(own, MAP_BYTES, new LmdbLog.Options(4 << 10, 0, 64 << 10, 64 << 10), CommitObserver.NONE);
    }

    /** The process that is killed: installs one snapshot after the other. */
    static final class Installer {
        static final int KEYS = 700;

        private Installer() {}

        public static void main(String[] args) throws Exception {
            Path directory = Path.of(args[0]);
            try (Store from = new Store(directory.resolve("from"), FAST);
                    Store target = new Store(directory.resolve("to"), FAST);
                    LmdbLog log = openLog(directory)) {
                log.finishInstall(target.state.installed());
                long index = Math.max(from.state.lastApplied(), target.state.lastApplied());
                for (long number = 1; true; number++) {
                    index++;
                    fill(from, KEYS, index);
                    TransferId transfer = new TransferId(7, number);
                    target.storeAll(from.all(transfer), transfer);
                    System.out.println("stored " + index + " .");
                    target.snapshots.install(transfer, new EntryId(index, 3));
                    log.reset(new EntryId(index, 3));
                    System.out.println("installed " + index + " .");
                }
            }
        }
    }
}

package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.balsa.node.DamagedStoreException;
import io.balsa.node.StorageException;
import io.balsa.raft.TransferId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LmdbStateTest {
    private static final long MAP_BYTES = 1L << 30;
    private static final long LARGE = 8 << 20;

    @TempDir
    Path directory;

    private final AtomicLong nanos = new AtomicLong(1);
    private final List<Long> checkpointNanos = new CopyOnWriteArrayList<>();
    private @Nullable LmdbState opened;

    private LmdbState open(long tableBytes) {
        opened = LmdbState.open(directory, MAP_BYTES, tableBytes, nanos::get, taken -> checkpointNanos.add(taken));
        return opened;
    }

    @AfterEach
    void close() {
        if (opened != null) {
            opened.close();
        }
    }

    @Test
    void anEmptyStateHasNothing() {
        LmdbState state = open(LARGE);
        assertThat(state.lastApplied()).isZero();
        assertThat(state.durableIndex()).isZero();
        assertThat(state.get(bytes("a"))).isNull();
        assertThat(contents(state)).isEmpty();
    }

    @Test
    void whatABitHasMadeAnotherTablesIsNotPassedOver() throws IOException {
        LmdbState state = open(LARGE);
        state.put(bytes("a"), bytes("1"));
        state.put(bytes("the last"), bytes("2"));
        state.applied(7);
        state.close();
        Path file = directory.resolve(LmdbState.FILE);
        byte[] content = Files.readAllBytes(file);
        int key = new String(content, StandardCharsets.ISO_8859_1).indexOf("the last") - 1;
        content[key] ^= 2;
        Files.write(file, content);
        LmdbState damaged = open(LARGE);
        assertThatThrownBy(() -> contents(damaged)).isInstanceOf(DamagedStoreException.class);
        try (SnapshotReader snapshot = damaged.openSnapshot(new TransferId(1, 1), 0)) {
            assertThatThrownBy(() -> snapshot.next(0)).isInstanceOf(DamagedStoreException.class);
        }
    }

    @Test
    void anOrderlyCloseIsACheckpoint() {
        LmdbState state = open(LARGE);
        state.put(bytes("a"), bytes("1"));
        state.put(bytes("b"), new byte[0]);
        state.applied(7);
        state.close();
        state = open(LARGE);
        assertThat(state.lastApplied()).isEqualTo(7);
        assertThat(state.durableIndex()).isEqualTo(7);
        assertThat(state.get(bytes("a"))).isEqualTo(bytes("1"));
        assertThat(state.get(bytes("b"))).isEmpty();
    }

    @Test
    void changesInTheMiddleOfACommandAreNeverCheckpointed() {
        LmdbState state = open(LARGE);
        state.put(bytes("a"), bytes("1"));
        state.applied(7);
        state.put(bytes("a"), bytes("2"));
        state.close();
        state = open(LARGE);
        assertThat(state.lastApplied()).isZero();
        assertThat(state.get(bytes("a"))).isNull();
    }

    /** The table stays small, but the log must keep all of them until then. */
    @Test
    void manyChangesOfOneKeyAreCheckpointed() {
        LmdbState state = open(64 << 10);
        int enough = 8 * (64 << 10) / 1_001 + 1;
        for (int index = 1; index <= enough; index++) {
            state.put(bytes("a"), new byte[1_000]);
            state.applied(index);
        }
        await().until(() -> state.durableIndex() > 0);
        assertThat(state.durableIndex() * 1_001).isBetween(6L * (64 << 10), 8L * (64 << 10) + 1_001);
    }

    /** Or they would all be busy with it at once. */
    @Test
    void serversThatApplyTheSameDoNotMakeTheirCheckpointsAtTheSameEntries() {
        List<List<Long>> checkpoints = new ArrayList<>();
        for (int server = 0; server < 2; server++) {
            List<Long> indexes = new ArrayList<>();
            Path own = directory.resolve("n" + server);
            try (LmdbState state = LmdbState.open(createDirectory(own), MAP_BYTES, 64 << 10, nanos::get, taken -> {})) {
                for (int index = 1; indexes.size() < 8; index++) {
                    long before = state.durableIndex();
                    state.put(bytes("key " + index), new byte[1_000]);
                    state.applied(index);
                    LockSupport.parkNanos(1_000_000); // A checkpoint ends long before the next one is due.
                    if (state.durableIndex() != before) {
                        indexes.add(state.durableIndex());
                    }
                }
            }
            checkpoints.add(indexes);
        }
        assertThat(checkpoints.get(0)).isNotEqualTo(checkpoints.get(1));
    }

    private static Path createDirectory(Path path) {
        try {
            return Files.createDirectory(path);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Test
    void changesAreCheckpointedWhenTheyAreOld() {
        LmdbState state = open(LARGE);
        state.put(bytes("a"), bytes("1"));
        state.applied(1);
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(5) - 1);
        state.applied(2);
        assertThat(state.hasRoom()).isTrue();
        assertThat(state.memoryBytes()).isPositive();
        nanos.incrementAndGet();
        state.applied(3);
        await().until(() -> state.durableIndex() == 3);
        await().until(() -> state.hasRoom() && state.memoryBytes() == 0);
        assertThat(state.get(bytes("a"))).isEqualTo(bytes("1"));
    }

    @Test
    void theTimeOfEachCheckpointIsToldOnce() {
        LmdbState state = open(LARGE);
        state.put(bytes("a"), bytes("1"));
        state.applied(1);
        assertThat(checkpointNanos).isEmpty();
        long before = System.nanoTime();
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(5));
        state.applied(2);
        await().until(() -> state.durableIndex() == 2);
        assertThat(checkpointNanos)
                .hasSize(1)
                .allSatisfy(taken -> assertThat(taken).isBetween(1_000L, System.nanoTime() - before));
        state.put(bytes("b"), bytes("2"));
        state.applied(3);
        state.close();
        assertThat(checkpointNanos).hasSize(2);
    }

    @Test
    void anAppliedIndexWithoutChangesIsCheckpointedTooSoThatTheLogCanBeCut() {
        LmdbState state = open(LARGE);
        state.applied(1);
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(5));
        state.applied(2);
        await().until(() -> state.durableIndex() == 2);
    }

    @Test
    void changesAreCheckpointedWhenTheyAreMany() {
        LmdbState state = open(1000);
        for (int i = 1; i <= 20; i++) {
            state.put(bytes("key" + i), new byte[200]);
            state.applied(i);
        }
        await().until(() -> state.durableIndex() > 0);
        assertThat(contents(state)).hasSize(20);
    }

    @Test
    void aValueThatIsReplacedNoLongerCounts() {
        LmdbState state = open(LARGE);
        for (int index = 1; index <= 50; index++) {
            state.put(bytes("a"), new byte[10_000]);
            state.applied(index);
        }
        assertThat(state.memoryBytes()).isBetween(10_000L, 11_000L);
        state.remove(bytes("a"));
        state.applied(51);
        assertThat(state.memoryBytes()).isLessThan(1_000);
    }

    @Test
    void thereIsNoRoomWhileBothTablesAreFull() {
        LmdbState state = open(1000);
        boolean full = false;
        int index = 0;
        while (!full && index < 10_000) { // A commit takes far longer than filling a table of 1,000 bytes.
            index++;
            state.put(bytes("key" + index), new byte[1000]);
            state.applied(index);
            full = !state.hasRoom();
        }
        assertThat(full).isTrue();
        await().until(state::hasRoom);
        assertThat(contents(state)).hasSize(index);
    }

    @Test
    void aFailedCheckpointSurfaces() {
        opened = LmdbState.open(directory, 128 << 10, 1000, nanos::get, CheckpointObserver.NONE);
        LmdbState state = opened;
        assertThatThrownBy(() -> {
                    for (int i = 1; i <= 10_000; i++) {
                        state.put(bytes("key" + i), new byte[2000]);
                        state.applied(i);
                        await().until(state::hasRoom);
                    }
                })
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("map is full");
        assertThatThrownBy(state::close).isInstanceOf(StorageException.class);
        assertThatThrownBy(() -> state.get(bytes("a"))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aClosedStateRefusesEveryCall() {
        LmdbState state = open(LARGE);
        state.put(bytes("a"), bytes("1"));
        state.applied(1);
        state.close();
        state.close();
        assertThatThrownBy(() -> state.get(bytes("a"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> state.put(bytes("a"), bytes("1"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> state.remove(bytes("a"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> state.applied(2)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(state::lastApplied).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(state::hasRoom).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> contents(state)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aVisitorMayReadButNotChange() {
        LmdbState state = open(LARGE);
        state.put(bytes("a"), bytes("1"));
        state.put(bytes("b"), bytes("2"));
        state.applied(1);
        state.close();
        LmdbState reopened = open(LARGE);
        List<String> seen = new ArrayList<>();
        reopened.scan(new byte[0], null, false, (key, value) -> {
            seen.add(text(key) + text(reopened.get(bytes("b"))));
            assertThatThrownBy(() -> reopened.put(bytes("c"), value)).isInstanceOf(AssertionError.class);
            return true;
        });
        assertThat(seen).containsExactly("a2", "b2");
    }

    @Test
    void keysOfTheGreatestLengthAreKeptAndLongerOnesRefused() {
        LmdbState state = open(LARGE);
        byte[] longest = new byte[500];
        Arrays.fill(longest, (byte) 0xff);
        state.put(longest, bytes("1"));
        assertThatThrownBy(() -> state.put(new byte[501], bytes("1"))).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> state.put(new byte[0], bytes("1"))).isInstanceOf(AssertionError.class);
        state.applied(1);
        state.close();
        LmdbState reopened = open(LARGE);
        assertThat(reopened.get(longest)).isEqualTo(bytes("1"));
        assertThat(contents(reopened)).hasSize(1);
    }

    @Test
    void anyMixOfChangesCheckpointsAndRestartsReadsAsAMapWould() {
        long seed = System.nanoTime();
        System.out.println("anyMixOfChangesCheckpointsAndRestartsReadsAsAMapWould: seed " + seed);
        Random random = new Random(seed);
        NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
        LmdbState state = open(2000);
        long index = 0;
        for (int step = 0; step < 3000; step++) {
            int changes = random.nextInt(4);
            for (int i = 0; i < changes; i++) {
                byte[] key = randomKey(random);
                if (random.nextInt(3) == 0) {
                    state.remove(key);
                    model.remove(key);
                } else {
                    byte[] value = new byte[random.nextInt(60)];
                    random.nextBytes(value);
                    state.put(key, value);
                    model.put(key, value);
                }
            }
            index += 1 + random.nextInt(2);
            state.applied(index);
            await().pollDelay(0, TimeUnit.MILLISECONDS)
                    .pollInterval(1, TimeUnit.MILLISECONDS)
                    .until(state::hasRoom);
            byte[] key = randomKey(random);
            assertThat(state.get(key)).isEqualTo(model.get(key));
            if (random.nextInt(4) == 0) {
                assertSameRange(state, model, random);
            }
            if (random.nextInt(400) == 0) {
                state.close();
                state = open(random.nextBoolean() ? 2000 : 20_000);
                assertThat(state.lastApplied()).isEqualTo(index);
                assertThat(contents(state)).isEqualTo(printed(model));
            }
        }
        assertThat(contents(state)).isEqualTo(printed(model));
    }

    private static void assertSameRange(LmdbState state, NavigableMap<byte[], byte[]> model, Random random) {
        byte[] start = random.nextInt(4) == 0 ? new byte[0] : randomKey(random);
        byte[] end = random.nextInt(4) == 0 ? null : randomKey(random);
        boolean reverse = random.nextBoolean();
        int limit = random.nextInt(30);
        List<String> seen = new ArrayList<>();
        state.scan(start, end, reverse, (key, value) -> {
            seen.add(Arrays.toString(key) + Arrays.toString(value));
            return seen.size() <= limit;
        });
        NavigableMap<byte[], byte[]> range = model.tailMap(start, true);
        if (end != null) {
            range = Arrays.compareUnsigned(start, end) >= 0
                    ? model.headMap(new byte[0], false)
                    : range.headMap(end, false);
        }
        List<String> expected = printed(reverse ? range.descendingMap() : range);
        assertThat(seen).isEqualTo(expected.subList(0, Math.min(limit + 1, expected.size())));
    }

    private static byte[] randomKey(Random random) {
        byte[] key = new byte[1 + random.nextInt(3)];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (random.nextInt(5) == 0 ? 0xff : random.nextInt(6));
        }
        return key;
    }

    private static List<String> contents(LmdbState state) {
        List<String> seen = new ArrayList<>();
        state.scan(new byte[0], null, false, (key, value) -> seen.add(Arrays.toString(key) + Arrays.toString(value)));
        return seen;
    }

    private static List<String> printed(Map<byte[], byte[]> map) {
        List<String> printed = new ArrayList<>();
        map.forEach((key, value) -> printed.add(Arrays.toString(key) + Arrays.toString(value)));
        return printed;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte @Nullable [] bytes) {
        return bytes == null ? "-" : new String(bytes, StandardCharsets.UTF_8);
    }
}

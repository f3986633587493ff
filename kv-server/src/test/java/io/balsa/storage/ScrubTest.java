package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.node.DamagedStoreException;
import io.balsa.node.StorageException;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.NodeId;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.Txn;

/** The scrub names every damage that matters, has nothing to say against a whole store, and never ends the process. */
final class ScrubTest {
    private static final long MAP_BYTES = 1L << 30;
    private static final LmdbLog.Options OPTIONS = new LmdbLog.Options(8 << 10, 0, 64 << 20, 64 << 10);
    private static final int PAGE = 4096;
    private static final int NEWEST_DATA_ROOT = 16 + 72 + 40;
    private static final int FREE_ROOT = 16 + 24 + 40;

    @TempDir
    Path directory;

    private final Random random = new Random(seed());
    private Path state = Path.of("");
    private Path log = Path.of("");

    private static long seed() {
        long seed = Long.getLong("balsa.seed", System.nanoTime());
        System.out.println("ScrubTest: -Dbalsa.seed=" + seed);
        return seed;
    }

    @BeforeEach
    void makeDirectories() throws IOException {
        state = Files.createDirectory(directory.resolve("state"));
        log = Files.createDirectory(directory.resolve("log"));
    }

    private LmdbState openState() {
        return LmdbState.open(state, MAP_BYTES, 8 << 20, System::nanoTime, nanos -> {});
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void whatIsNotThereYetIsWhole() throws IOException {
        assertThat(Scrub.log(log)).isEqualTo(Scrub.Result.EMPTY);
        Files.createFile(state.resolve("data.mdb"));
        assertThat(Scrub.state(state)).isEqualTo(Scrub.Result.EMPTY);
        openState().close();
        LmdbLog.open(log, MAP_BYTES, OPTIONS, CommitObserver.NONE).close();
        assertThat(Scrub.state(state).records()).isZero();
        assertThat(Scrub.log(log).records()).as("the head").isEqualTo(1);
    }

    @Test
    void aStateIsWholeAfterAnyChanges() {
        Map<String, Integer> expected = new HashMap<>();
        long index = 0;
        for (int round = 0; round < 60; round++) {
            try (LmdbState opened = openState()) {
                int changes = 1 + random.nextInt(300);
                for (int i = 0; i < changes; i++) {
                    String key = "key/" + "x".repeat(random.nextInt(3) * 100) + random.nextInt(800);
                    if (random.nextInt(round % 7 == 6 ? 2 : 5) == 0) {
                        opened.remove(bytes(key));
                        expected.remove(key);
                    } else {
                        int size = random.nextInt(20) == 0 ? random.nextInt(20_000) : random.nextInt(200);
                        opened.put(bytes(key), new byte[size]);
                        expected.put(key, size);
                    }
                }
                index++;
                opened.applied(index);
            }
            assertThat(Scrub.state(state).records()).isEqualTo(expected.size() + 1);
        }
    }

    @Test
    void aLogIsWholeAfterAnyWrites() {
        try (LmdbLog opened = LmdbLog.open(log, MAP_BYTES, OPTIONS, CommitObserver.NONE)) {
            long term = 1;
            for (int round = 0; round < 600; round++) {
                long last = opened.last().index();
                long first = opened.anchor().index();
                if (round % 150 == 149) {
                    opened.reset(new EntryId(last + 10, term));
                } else if (round % 20 == 19) {
                    opened.truncateBefore(first + 1 + random.nextLong(last - first));
                } else {
                    boolean cut = random.nextInt(15) == 0 && last > first;
                    long from = cut ? first + 1 + random.nextLong(last - first) : last + 1;
                    term += cut || random.nextInt(10) == 0 ? 1 : 0;
                    List<LogEntry> entries = new ArrayList<>();
                    int count = 1 + random.nextInt(9);
                    for (int i = 0; i < count; i++) {
                        int size = random.nextInt(30) == 0 ? random.nextInt(60_000) : random.nextInt(500);
                        entries.add(StorageContract.entry(from + i, term, "x".repeat(size)));
                    }
                    opened.write(new HardState(term, new NodeId(1)), entries);
                }
                if (round % 5 == 0) {
                    Scrub.log(log); // Would throw.
                }
            }
        }
        assertThat(Scrub.log(log).records()).isPositive();
    }

    @Test
    void eachKindOfDamageIsNamed() throws IOException {
        writeSmallState();
        byte[] content = Files.readAllBytes(state.resolve("data.mdb"));
        ByteBuffer file = ByteBuffer.wrap(content).order(ByteOrder.nativeOrder());
        int meta = newestMeta(file);
        int root = (int) file.getLong(meta + NEWEST_DATA_ROOT) * PAGE;
        int free = (int) file.getLong(meta + FREE_ROOT) * PAGE;
        int node = root + file.getShort(root + 16 + 2);
        int leaf = file.getShort(node) * PAGE;
        int record = leaf + file.getShort(leaf + 16);
        int freed = free + file.getShort(free + 16);
        assertRefused(root, "it says that it is page");
        assertRefused(root + 10, "of kind 0 at level 1");
        assertRefused(leaf + 10, "of kind 3");
        assertRefused(root + 12, "their places end at");
        assertRefused(root + 15, "page ");
        assertRefused(root + 16, "lies at");
        assertRefused(node, "page ");
        assertRefused(node + 8, "the keys are not in order");
        assertRefused(record, "");
        assertRefused(record + 4, "");
        assertRefused(record + 6, "");
        assertRefused(record + 8, "");
        assertRefused(record + 8 + file.getShort(record + 6), "CRC32C");
        assertRefused(freed + 8 + 8 + 1, "freed"); // The second byte of how many there are: fewer would be no harm.
        assertRefused(freed + 8 + 16, "page ");
        assertRefused(meta + 16 + 72 + 6, "level");
        assertRefused(meta + 16 + 72 + 32, "it counts");
        assertRefused(meta + 16 + 24 + 4, "its trees' kinds");
        assertRefused(meta + 16 + 120 + 2, "but the file ends before page "); // The next page would lie 256 MiB behind.
        String text = new String(content, StandardCharsets.ISO_8859_1);
        int big = text.indexOf("big".repeat(1000));
        assertRefused(big / PAGE * PAGE + 12, "of 3 pages");
        Files.write(state.resolve("data.mdb"), content);
        assertThat(Scrub.state(state).records()).isEqualTo(402);
    }

    @Test
    void aPageInUseAmongTheFreeOnesIsFoundThoughTheListIsInOrder() throws IOException {
        writeSmallState();
        ByteBuffer file =
                ByteBuffer.wrap(Files.readAllBytes(state.resolve("data.mdb"))).order(ByteOrder.nativeOrder());
        int meta = newestMeta(file);
        int root = (int) file.getLong(meta + NEWEST_DATA_ROOT) * PAGE;
        int free = (int) file.getLong(meta + FREE_ROOT) * PAGE;
        int list = free + file.getShort(free + 16) + 8 + 8;
        int count = (int) file.getLong(list);
        int put = 0;
        for (int place = 16; place < file.getShort(root + 12); place += 2) {
            int child = file.getShort(root + file.getShort(root + place)); // Pages of so small a file have few digits.
            for (int i = 1; i <= count; i++) {
                int at = list + 8 * i;
                long found = file.getLong(at);
                if ((i == 1 || file.getLong(at - 8) > child) && (i == count || file.getLong(at + 8) < child)) {
                    file.putLong(at, child);
                    Files.write(state.resolve("data.mdb"), file.array());
                    assertThatThrownBy(() -> Scrub.state(state))
                            .isInstanceOf(DamagedStoreException.class)
                            .hasMessageContaining("page " + child + " is damaged: it is in use and among the free");
                    file.putLong(at, found);
                    put++;
                }
            }
        }
        assertThat(put).isPositive();
    }

    /** A key's first byte says whose it is: the last one of the state's would still be the last as somebody else's. */
    @Test
    void eachBitOfAKeysFirstByteCounts() throws IOException {
        writeSmallState();
        assertFirstBytesCount(2);
        putInstalled();
        assertFirstBytesCount(3); // Of {0, 1}, who would become the state's own key {1}.
    }

    /** @param first how many of the first keys are tried, with the last one */
    private void assertFirstBytesCount(int first) throws IOException {
        byte[] content = Files.readAllBytes(state.resolve("data.mdb"));
        List<Integer> keys = new ArrayList<>();
        ByteBuffer file = ByteBuffer.wrap(content).order(ByteOrder.nativeOrder());
        int root = (int) file.getLong(newestMeta(file) + NEWEST_DATA_ROOT) * PAGE;
        for (int i = 16; i < file.getShort(root + 12); i += 2) {
            int leaf = file.getShort(root + file.getShort(root + i)) * PAGE; // A small file's pages have few digits.
            for (int j = 16; j < file.getShort(leaf + 12); j += 2) {
                keys.add(leaf + file.getShort(leaf + j) + 8);
            }
        }
        assertThat(keys).hasSize(400 + first);
        List<Integer> tried = new ArrayList<>(keys.subList(0, first));
        tried.add(keys.get(keys.size() - 1));
        for (int at : tried) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] damaged = content.clone();
                damaged[at] ^= (byte) (1 << bit);
                Files.write(state.resolve("data.mdb"), damaged);
                assertThatThrownBy(() -> Scrub.state(state))
                        .as("byte %d is now %d", at, damaged[at])
                        .isInstanceOf(DamagedStoreException.class);
            }
        }
        Files.write(state.resolve("data.mdb"), content);
        assertThat(Scrub.state(state).records()).isEqualTo(400 + first);
    }

    private void putInstalled() {
        Tables tables = new Tables(state.resolve(LmdbState.FILE));
        try (Env<ByteBuffer> env = Environments.open(state, MAP_BYTES, MAP_BYTES)) {
            Dbi<ByteBuffer> dbi = env.openDbi((byte[]) null, new DbiFlags[0]);
            try (Txn<ByteBuffer> txn = env.txnWrite()) {
                tables.writeInstalled(
                        dbi.reserve(txn, tables.installedKey(), Tables.installedSize()), new EntryId(4, 1));
                txn.commit();
            }
        }
    }

    private static int newestMeta(ByteBuffer file) {
        return file.getLong(16 + 128) > file.getLong(PAGE + 16 + 128) ? 0 : PAGE;
    }

    private void writeSmallState() {
        for (int round = 1; round <= 4; round++) {
            try (LmdbState opened = openState()) {
                for (int i = round - 1; i < 400; i += round) {
                    opened.put(bytes("key/" + (1000 + i)), bytes("value " + round + "x".repeat(i % 90)));
                }
                opened.put(bytes("large"), bytes("big".repeat(3000)));
                opened.applied(round);
            }
        }
    }

    /** With the lowest bit of the byte flipped. */
    private void assertRefused(int at, String message) throws IOException {
        Path file = state.resolve("data.mdb");
        byte[] content = Files.readAllBytes(file);
        content[at] ^= 1;
        Files.write(file, content);
        assertThatThrownBy(() -> Scrub.state(state))
                .as("byte %d of page %d", at % PAGE, at / PAGE)
                .isInstanceOf(DamagedStoreException.class)
                .hasMessageContaining(message);
        content[at] ^= 1;
        Files.write(file, content);
    }

    @Test
    void whatIsFoundWholeNeitherReadsWrongNorEndsTheProcess() throws Exception {
        writeSmallState();
        byte[] content = Files.readAllBytes(state.resolve("data.mdb"));
        List<String> whole = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < 1_500; i++) {
            byte[] damaged = content.clone();
            int at = random.nextInt(content.length);
            if (i % 3 == 0) {
                at = at / PAGE * PAGE + random.nextInt(64); // Where the structure is.
            }
            if (i % 50 == 0) {
                int page = at / PAGE * PAGE;
                java.util.Arrays.fill(damaged, page, page + PAGE, (byte) 0);
            } else {
                damaged[at] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(state.resolve("data.mdb"), damaged);
            try {
                Scrub.state(state);
                if (whole.size() < 250) {
                    Path copy = Files.createDirectory(directory.resolve("whole" + i));
                    Files.write(copy.resolve("data.mdb"), damaged);
                    whole.add(copy.toString());
                }
            } catch (DamagedStoreException found) {
                refused++;
            }
        }
        System.out.println("of 1,500 damaged states " + refused + " are refused, " + whole.size() + " tried");
        assertThat(refused).isGreaterThan(250);
        Files.write(state.resolve("data.mdb"), content);
        whole.add(state.toString());
        Process child = ChildJvm.start(Reader.class, whole);
        List<String> lines = new ArrayList<>();
        try (BufferedReader reader = ChildJvm.lines(child)) {
            reader.lines().forEach(lines::add);
        }
        assertThat(child.waitFor())
                .as("the child, after %d of %d", lines.size(), whole.size())
                .isZero();
        String right = lines.get(lines.size() - 1);
        assertThat(lines).hasSameSizeAs(whole).allMatch(line -> line.equals(right) || line.equals("refused"));
    }

    /** Reads each state named in its arguments, changes much of it, and reads it again. */
    static final class Reader {
        private Reader() {}

        public static void main(String[] args) {
            for (String each : args) {
                String result;
                try {
                    result = digest(Path.of(each), 10) + " " + digest(Path.of(each), 20);
                } catch (StorageException refusal) {
                    result = "refused";
                }
                System.out.println(result);
            }
        }

        private static String digest(Path state, long index) {
            try (LmdbState opened = LmdbState.open(state, MAP_BYTES, 8 << 20, System::nanoTime, nanos -> {})) {
                StringBuilder all = new StringBuilder();
                opened.scan(new byte[0], null, false, (key, value) -> {
                    all.append(new String(key, StandardCharsets.UTF_8))
                            .append(new String(value, StandardCharsets.UTF_8));
                    return true;
                });
                for (int i = 0; i < 400; i += 3) {
                    opened.put(bytes("key/" + (1000 + i)), bytes("changed".repeat(i % 40)));
                }
                opened.put(bytes("large"), bytes("new".repeat(4000)));
                opened.applied(index);
                return String.valueOf(all.toString().hashCode());
            }
        }
    }
}

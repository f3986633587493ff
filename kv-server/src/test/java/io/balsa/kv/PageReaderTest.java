package io.balsa.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a page is, by example; {@link KvModelTest} compares thousands of them with a plain computation. */
class PageReaderTest {
    private final CountingState state = new CountingState();
    private final KvStateMachine machine = new KvStateMachine(state);

    @Test
    void foldersAreListedOnceAndContinueBehindAllThatIsInThem() {
        put("a", "b/1", "b/2", "b/c/3", "c", "d/4");
        QueryResult.Page first = page("", null, 2, false, "/");
        assertThat(names(first)).containsExactly("a", "b/");
        assertThat(first.last()).isEqualTo(utf8("b/"));
        QueryResult.Page second = page("", first.last(), 2, false, "/");
        assertThat(names(second)).containsExactly("c", "d/");
        assertThat(second.more()).isFalse();
        assertThat(names(page("b/", null, 9, false, "/"))).containsExactly("b/1", "b/2", "b/c/");
    }

    @Test
    void backwardsItIsTheSameListingFromItsEnd() {
        put("a", "b/1", "b/2", "c", "d/4");
        QueryResult.Page first = page("", null, 3, true, "/");
        assertThat(names(first)).containsExactly("c", "d/", "b/");
        assertThat(first.last()).isEqualTo(utf8("b/"));
        assertThat(names(page("", first.last(), 3, true, "/"))).containsExactly("a");
    }

    @Test
    void aFolderOfManyKeysCostsAsMuchAsOneKey() {
        for (int i = 0; i < 1_000; i++) {
            put("big/" + i);
        }
        put("a", "z");
        for (boolean reverse : new boolean[] {false, true}) {
            state.visits = 0;
            assertThat(page("", null, 10, reverse, "/").folders()).containsExactly(Key.of("big/"));
            assertThat(state.visits).isLessThan(6);
        }
    }

    @Test
    void theFirstItemFitsHoweverLargeItIs() {
        put("a", "b");
        Query.Page query = new Query.Page(KeyRange.ofPrefix(new byte[0]), null, 10, 1, false, false, null, 0);
        QueryResult.Page page = (QueryResult.Page) machine.query(query);
        assertThat(names(page)).containsExactly("a");
        assertThat(page.last()).isEqualTo(utf8("a"));
    }

    @Test
    void aPageThatEndsWithTheRangeHasNoMore() {
        put("a", "b", "c");
        assertThat(page("", null, 3, false, null).more()).isFalse();
        assertThat(page("", null, 2, false, null).more()).isTrue();
        assertThat(page("x", null, 2, false, null).more()).isFalse();
    }

    @Test
    void prefixesOfTheHighestByteReachTheLastKey() {
        byte[] highest = new byte[Key.BYTES_MAX];
        Arrays.fill(highest, (byte) 0xff);
        apply(new Command.Put(Key.of(highest), ByteBuffer.allocate(0), Precondition.NONE, false));
        apply(new Command.Put(Key.of(new byte[] {(byte) 0xff, 0}), ByteBuffer.allocate(0), Precondition.NONE, false));
        put("a");
        assertThat(count(KeyRange.ofPrefix(new byte[] {(byte) 0xff}))).isEqualTo(2);
        assertThat(count(KeyRange.ofPrefix(highest))).isEqualTo(1);
        assertThat(count(KeyRange.ofPrefix(new byte[0]))).isEqualTo(3);
        assertThat(count(new KeyRange(new byte[] {(byte) 0xff}, highest))).isEqualTo(1);
        assertThat(count(new KeyRange(highest, new byte[] {'a'})))
                .as("ends before it begins")
                .isZero();
    }

    @Test
    void aCountStopsAtItsBoundAndSaysSo() {
        put("a", "b", "c");
        KeyRange all = KeyRange.ofPrefix(new byte[0]);
        assertThat(machine.query(new Query.Count(all, 2))).isEqualTo(new QueryResult.Count(3, 2, true));
        assertThat(machine.query(new Query.Count(all, 3))).isEqualTo(new QueryResult.Count(3, 3, false));
    }

    @Test
    void idempotencyRecordsAndCountersAreInNoRange() {
        apply(new Command.Once(
                new IdempotencyKey("id"),
                new Command.Put(Key.of("a"), ByteBuffer.allocate(0), Precondition.NONE, false)));
        assertThat(count(new KeyRange(new byte[0], null))).isEqualTo(1);
        assertThat(names(page("", null, 10, true, null))).containsExactly("a");
    }

    private void put(String... keys) {
        for (String key : keys) {
            apply(new Command.Put(Key.of(key), ByteBuffer.wrap(utf8("value")), Precondition.NONE, false));
        }
    }

    private void apply(Command command) {
        machine.apply(machine.lastApplied() + 1, CommandCodec.encode(command));
    }

    private QueryResult.Page page(
            String prefix, byte @Nullable [] after, int limit, boolean reverse, @Nullable String delimiter) {
        byte[] start = utf8(prefix);
        return (QueryResult.Page) machine.query(new Query.Page(
                KeyRange.ofPrefix(start),
                after,
                limit,
                Long.MAX_VALUE,
                false,
                reverse,
                delimiter == null ? null : utf8(delimiter),
                start.length));
    }

    private long count(KeyRange range) {
        return ((QueryResult.Count) machine.query(new Query.Count(range, 100))).count();
    }

    /** Items, then folders. */
    private static List<String> names(QueryResult.Page page) {
        return Stream.concat(page.items().stream().map(KeyValue::key), page.folders().stream())
                .map(Key::toString)
                .toList();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Counts what a scan looked at. */
    private static final class CountingState implements State {
        private final MemoryState memory = new MemoryState();
        private int visits;

        @Override
        public byte @Nullable [] get(byte[] key) {
            return memory.get(key);
        }

        @Override
        public void put(byte[] key, byte[] value) {
            memory.put(key, value);
        }

        @Override
        public void remove(byte[] key) {
            memory.remove(key);
        }

        @Override
        public void scan(byte[] start, byte @Nullable [] end, boolean reverse, Visitor visitor) {
            memory.scan(start, end, reverse, (key, value) -> {
                visits++;
                return visitor.visit(key, value);
            });
        }

        @Override
        public void applied(long index) {
            memory.applied(index);
        }

        @Override
        public long lastApplied() {
            return memory.lastApplied();
        }

        @Override
        public long durableIndex() {
            return memory.durableIndex();
        }
    }
}

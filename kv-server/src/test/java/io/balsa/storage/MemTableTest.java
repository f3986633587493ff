package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Values are changed in place, and the last keys are found without a search; neither may be seen from outside. */
final class MemTableTest {
    private static final byte[] START = {0};

    private final MemTable table = new MemTable();

    @Test
    void whatWasHandedOutStaysAsItWas() {
        byte[] given = {1, 1};
        table.put(key("a"), given);
        byte[] read = table.get(key("a"));
        Entries range = table.range(START, null, false);
        assertThat(range.next()).isTrue();
        byte[] scanned = range.value();
        table.put(key("a"), new byte[] {2, 2});
        assertThat(given).containsExactly(1, 1);
        assertThat(read).containsExactly(1, 1);
        assertThat(scanned).containsExactly(1, 1);
        assertThat(table.get(key("a"))).containsExactly(2, 2);
    }

    @Test
    void whatWasGivenLaterStaysAsItWasToo() {
        byte[] first = {1, 1};
        byte[] longer = {2, 2, 2};
        table.put(key("a"), first);
        table.put(key("a"), longer);
        table.put(key("a"), new byte[] {3, 3, 3});
        assertThat(longer).containsExactly(2, 2, 2);
        assertThat(table.get(key("a"))).containsExactly(3, 3, 3);
    }

    @Test
    void aRemovedKeyIsToldFromAnEmptyValue() {
        byte[] key = key("a");
        table.put(key, new byte[0]);
        assertThat(table.get(key)).hasSize(0).isNotSameAs(MemTable.REMOVED);
        table.put(key, MemTable.REMOVED);
        assertThat(table.get(key)).isSameAs(MemTable.REMOVED);
        table.put(key, new byte[0]);
        assertThat(table.get(key)).hasSize(0).isNotSameAs(MemTable.REMOVED);
        assertThat(table.changes().get(0).value()).isNotSameAs(MemTable.REMOVED);
    }

    /** What the random test below found: nothing was known of the second one, and that was remembered. */
    @Test
    void twoArraysOfOneKeyAreOneKey() {
        byte[] one = key("a");
        byte[] other = key("a");
        assertThat(table.get(other)).isNull();
        assertThat(table.get(one)).isNull();
        table.put(one, new byte[] {1});
        assertThat(table.get(other)).containsExactly(1);
        table.put(other, new byte[] {2});
        assertThat(table.get(one)).containsExactly(2);
        assertThat(table.bytes()).isEqualTo(1 + 96 + 1);
    }

    /** The same arrays again and again, and others of the same content, in any order. */
    @Test
    void anyOrderOfReadsAndChangesIsThatOfAMap() {
        long seed = System.nanoTime();
        System.out.println("anyOrderOfReadsAndChangesIsThatOfAMap: seed " + seed);
        Random random = new Random(seed);
        TreeMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
        List<byte[]> keys = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            keys.add(key("key " + i));
        }
        for (int step = 0; step < 20_000; step++) {
            byte[] key = keys.get(random.nextInt(keys.size()));
            key = random.nextInt(3) == 0 ? key.clone() : key;
            if (random.nextBoolean()) {
                byte[] value = new byte[random.nextInt(3)];
                random.nextBytes(value);
                value = random.nextInt(5) == 0 ? MemTable.REMOVED : value;
                table.put(key, value);
                model.put(key, value);
            }
            byte[] expected = model.get(key);
            assertThat(table.get(key)).as("step %d", step).isEqualTo(expected);
            assertThat(table.get(key) == MemTable.REMOVED).isEqualTo(expected == MemTable.REMOVED);
        }
        assertThat(table.changes()).hasSize(model.size());
        long bytes = model.entrySet().stream()
                .mapToLong(entry -> entry.getKey().length + entry.getValue().length + 96L)
                .sum();
        assertThat(table.bytes()).isEqualTo(bytes);
    }

    private static byte[] key(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

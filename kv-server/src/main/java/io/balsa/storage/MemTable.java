package io.balsa.storage;

import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The changes since a checkpoint, in key order: a value, or {@link #REMOVED}. One thread changes it; once handed to the
 * checkpointer nobody does, so both may read it.
 */
final class MemTable {
    /** Stands for a key that was removed; told from an empty value by identity. */
    static final byte[] REMOVED = new byte[0];

    /** What a map entry and two array headers take, about. */
    private static final int OVERHEAD_BYTES = 80;

    private final TreeMap<byte[], byte[]> changes = new TreeMap<>(Arrays::compareUnsigned);
    private long bytes;

    /** The value, {@link #REMOVED}, or null when this table knows nothing of the key. */
    byte @Nullable [] get(byte[] key) {
        return changes.get(key);
    }

    void put(byte[] key, byte[] value) {
        byte[] before = changes.put(key, value);
        bytes += value.length;
        bytes += before == null ? key.length + OVERHEAD_BYTES : -before.length;
    }

    /** In key order. */
    Iterable<Map.Entry<byte[], byte[]>> changes() {
        return changes.entrySet();
    }

    /** The changes in a range, in key order or against it. */
    Entries range(byte[] start, byte @Nullable [] end, boolean reverse) {
        NavigableMap<byte[], byte[]> range =
                end == null ? changes.tailMap(start, true) : changes.subMap(start, true, end, false);
        return new TableEntries(
                (reverse ? range.descendingMap() : range).entrySet().iterator());
    }

    boolean isEmpty() {
        return changes.isEmpty();
    }

    /** What it takes in memory, about. */
    long bytes() {
        return bytes;
    }
}

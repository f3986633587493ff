package io.balsa.storage;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The changes since a checkpoint: a value for each key, or {@link #REMOVED}. One thread changes it and asks for ranges; once
 * handed to the checkpointer nobody changes it, so both may read it. Sorted only for who asks for a range: most tables are never
 * asked.
 *
 * <p>A value that takes the place of one of the same length is copied over it: a new array for each change of a key that changes often
 * would live just long enough for the collector to copy it twice. So the arrays are this table's own, and what it hands out is a copy.
 */
final class MemTable {
    /** Stands for a key that was removed; told from an empty value by identity. */
    static final byte[] REMOVED = new byte[0];

    /** What a place in the index, a change and two array headers take, about. */
    private static final int OVERHEAD_BYTES = 96;

    /** A key and what it has become; equal to another one of the same key. */
    static final class Change implements Comparable<Change> {
        private byte[] key;
        private int hash;
        private byte[] value;

        private Change(byte[] key, byte[] value) {
            this.key = key;
            this.hash = Arrays.hashCode(key);
            this.value = value;
        }

        byte[] key() {
            return key;
        }

        /** Or {@link #REMOVED}. The table's own: whoever keeps it takes a {@link #copy}. */
        byte[] value() {
            return value;
        }

        byte[] copy() {
            return MemTable.copy(value);
        }

        private Change as(byte[] anotherKey) {
            key = anotherKey;
            hash = Arrays.hashCode(anotherKey);
            return this;
        }

        @Override
        public int compareTo(Change other) {
            return Arrays.compareUnsigned(key, other.key);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Change change && Arrays.equals(key, change.key);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private final Map<Change, Change> index = new HashMap<>();
    private final Change probe = new Change(REMOVED, REMOVED);

    // The last two keys that were looked for, the very arrays, and what was found: whoever reads a key mostly changes
    // it next.
    private byte[] recentKey = REMOVED;
    private byte[] earlierKey = REMOVED;
    private @Nullable Change recent;
    private @Nullable Change earlier;

    private @Nullable TreeMap<byte[], Change> sorted;
    private long bytes;

    private static byte[] copy(byte[] value) {
        return value == REMOVED ? REMOVED : value.clone();
    }

    /** A copy of the value, {@link #REMOVED}, or null when this table knows nothing of the key. */
    byte @Nullable [] get(byte[] key) {
        Change change = find(key);
        return change == null ? null : change.copy();
    }

    private @Nullable Change find(byte[] key) {
        if (key == recentKey) {
            return recent;
        }
        if (key == earlierKey) {
            return earlier;
        }
        earlierKey = recentKey;
        earlier = recent;
        recentKey = key;
        recent = index.get(probe.as(key));
        return recent;
    }

    void put(byte[] key, byte[] value) {
        bytes += value.length;
        Change known = find(key);
        if (known != null) {
            bytes -= known.value.length;
            if (known.value.length == value.length && value.length > 0) {
                System.arraycopy(value, 0, known.value, 0, value.length);
            } else {
                known.value = copy(value);
            }
            return;
        }
        bytes += key.length + OVERHEAD_BYTES;
        Change change = new Change(key, copy(value));
        index.put(change, change);
        recentKey = key;
        recent = change;
        earlierKey = REMOVED; // Perhaps another array of this key, for which nothing was found before.
        earlier = null;
        if (sorted != null) {
            sorted.put(key, change);
        }
    }

    /** In key order, for the checkpointer. */
    List<Change> changes() {
        return index.values().stream().sorted().toList();
    }

    /** The changes in a range, in key order or against it. */
    Entries range(byte[] start, byte @Nullable [] end, boolean reverse) {
        NavigableMap<byte[], Change> all = sorted();
        NavigableMap<byte[], Change> range =
                end == null ? all.tailMap(start, true) : all.subMap(start, true, end, false);
        return new TableEntries(
                (reverse ? range.descendingMap() : range).values().iterator());
    }

    private NavigableMap<byte[], Change> sorted() {
        TreeMap<byte[], Change> present = sorted;
        if (present == null) {
            present = new TreeMap<>(Arrays::compareUnsigned);
            for (Change change : index.values()) {
                present.put(change.key, change);
            }
            sorted = present;
        }
        return present;
    }

    boolean isEmpty() {
        return index.isEmpty();
    }

    /** What it takes in memory, about. */
    long bytes() {
        return bytes;
    }
}

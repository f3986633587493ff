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

        /** Or {@link #REMOVED}. */
        byte[] value() {
            return value;
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
    private @Nullable TreeMap<byte[], Change> sorted;
    private long bytes;

    /** The value, {@link #REMOVED}, or null when this table knows nothing of the key. */
    byte @Nullable [] get(byte[] key) {
        Change change = index.get(probe.as(key));
        return change == null ? null : change.value;
    }

    void put(byte[] key, byte[] value) {
        bytes += value.length;
        Change known = index.get(probe.as(key));
        if (known != null) {
            bytes -= known.value.length;
            known.value = value;
            return;
        }
        bytes += key.length + OVERHEAD_BYTES;
        Change change = new Change(key, value);
        index.put(change, change);
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

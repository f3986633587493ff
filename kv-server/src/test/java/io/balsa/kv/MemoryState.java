package io.balsa.kv;

import java.util.Arrays;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A {@link State} in memory whose disk is a copy of itself: {@link #checkpoint} makes the present durable, {@link #crash}
 * gives back what was. Owned by one thread.
 */
public final class MemoryState implements State {
    private final NavigableMap<byte[], byte[]> map;
    private long lastApplied;
    private boolean changedSinceApplied;
    private NavigableMap<byte[], byte[]> durableMap;
    private long durableIndex;

    /** Empty, and durably so. */
    public MemoryState() {
        this(newMap(), 0, newMap(), 0);
    }

    private MemoryState(
            NavigableMap<byte[], byte[]> map,
            long lastApplied,
            NavigableMap<byte[], byte[]> durableMap,
            long durableIndex) {
        this.map = map;
        this.lastApplied = lastApplied;
        this.durableMap = durableMap;
        this.durableIndex = durableIndex;
    }

    private static NavigableMap<byte[], byte[]> newMap() {
        return new TreeMap<>(Arrays::compareUnsigned);
    }

    /** The same content, durable content and indexes, apart from this one from now on. */
    public MemoryState copy() {
        // The durable map is never changed, only replaced, so it may be shared.
        return new MemoryState(new TreeMap<>(map), lastApplied, durableMap, durableIndex);
    }

    /** A state that holds these records, durably, and has applied entries up to {@code index}. */
    public static MemoryState holding(NavigableMap<byte[], byte[]> records, long index) {
        return new MemoryState(new TreeMap<>(records), index, new TreeMap<>(records), index);
    }

    /** Makes what was applied so far durable. Not amid an entry, or AssertionError: it would be torn in two. */
    public void checkpoint() {
        if (changedSinceApplied) {
            throw new AssertionError("a checkpoint between a change and applied()");
        }
        durableMap = new TreeMap<>(map);
        durableIndex = lastApplied;
    }

    /** The state as a restart finds it: at the last checkpoint. This one goes on to be what it is. */
    public MemoryState crash() {
        return new MemoryState(new TreeMap<>(durableMap), durableIndex, durableMap, durableIndex);
    }

    /**
     * What a restart would find if the index were kept apart from the records: the last checkpoint's records, and an index that
     * they have not reached.
     */
    public MemoryState crashWithIndexApart() {
        return new MemoryState(new TreeMap<>(durableMap), lastApplied, durableMap, lastApplied);
    }

    @Override
    public long durableIndex() {
        return durableIndex;
    }

    /** Number of records in it, of all tables. */
    public int size() {
        return map.size();
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        return map.get(key);
    }

    @Override
    public void put(byte[] key, byte[] value) {
        if (key.length == 0 || key.length > 500) {
            throw new AssertionError("a record's key has 1 to 500 bytes, not " + key.length);
        }
        changedSinceApplied = true;
        map.put(key, value);
    }

    @Override
    public void remove(byte[] key) {
        changedSinceApplied = true;
        map.remove(key);
    }

    @Override
    public void scan(byte[] start, byte @Nullable [] end, boolean reverse, Visitor visitor) {
        NavigableMap<byte[], byte[]> range =
                end == null ? map.tailMap(start, true) : map.subMap(start, true, end, false);
        for (var entry : (reverse ? range.descendingMap() : range).entrySet()) {
            if (!visitor.visit(entry.getKey(), entry.getValue())) {
                return;
            }
        }
    }

    @Override
    public void applied(long index) {
        if (index < lastApplied) {
            throw new AssertionError("applied went back from " + lastApplied + " to " + index);
        }
        lastApplied = index;
        changedSinceApplied = false;
    }

    @Override
    public long lastApplied() {
        return lastApplied;
    }
}

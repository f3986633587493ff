package io.balsa.benchmarks.jmh;

import io.balsa.kv.State;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A state in memory, for benchmarks of what is above it. Of one thread. */
final class TreeState implements State {
    private final TreeMap<byte[], byte[]> map = new TreeMap<>(Arrays::compareUnsigned);
    private long lastApplied;

    @Override
    public byte @Nullable [] get(byte[] key) {
        return map.get(key);
    }

    @Override
    public void put(byte[] key, byte[] value) {
        map.put(key, value);
    }

    @Override
    public void remove(byte[] key) {
        map.remove(key);
    }

    @Override
    public void scan(byte[] start, byte @Nullable [] end, boolean reverse, Visitor visitor) {
        NavigableMap<byte[], byte[]> range =
                end == null ? map.tailMap(start, true) : map.subMap(start, true, end, false);
        for (Map.Entry<byte[], byte[]> entry : (reverse ? range.descendingMap() : range).entrySet()) {
            if (!visitor.visit(entry.getKey(), entry.getValue())) {
                return;
            }
        }
    }

    @Override
    public void applied(long index) {
        lastApplied = index;
    }

    @Override
    public long lastApplied() {
        return lastApplied;
    }

    @Override
    public long durableIndex() {
        return 0;
    }
}

package io.balsa.sim;

import io.balsa.kv.MemoryState;
import io.balsa.kv.State;
import org.jspecify.annotations.Nullable;

/** A server's state: what {@link MemoryState} does, with a limit that can be set to "no room", and a look at each entry. */
final class SimulatedState implements State {
    /** Called when an entry was applied. */
    interface AppliedHook {
        void applied(long index);
    }

    private MemoryState memory;
    private final AppliedHook hook;
    private boolean full;

    SimulatedState(MemoryState memory, AppliedHook hook) {
        this.memory = memory;
        this.hook = hook;
    }

    MemoryState memory() {
        return memory;
    }

    /** A snapshot takes its place. */
    void replaceBy(MemoryState whole) {
        memory = whole;
    }

    void full(boolean full) {
        this.full = full;
    }

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
        memory.scan(start, end, reverse, visitor);
    }

    @Override
    public void applied(long index) {
        memory.applied(index);
        hook.applied(index);
    }

    @Override
    public boolean hasRoom() {
        return !full;
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

package io.balsa.sim;

import io.balsa.kv.MemoryState;
import io.balsa.kv.Reference;
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
    private final Runnable writeLost;
    private boolean full;
    private boolean loses;
    private boolean losing;

    /** @param writeLost called when a write has come to nothing here */
    SimulatedState(MemoryState memory, AppliedHook hook, Runnable writeLost) {
        this.memory = memory;
        this.hook = hook;
        this.writeLost = writeLost;
    }

    /** What the next write changes of the keys and of the revision is lost, and nobody notices. */
    void loseNextWrite() {
        loses = true;
    }

    /** {@link #loseNextWrite} was called, and no write has come since. */
    boolean loses() {
        return loses;
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
        if (!isLost(key)) {
            memory.put(key, value);
        }
    }

    @Override
    public void remove(byte[] key) {
        if (!isLost(key)) {
            memory.remove(key);
        }
    }

    /** The revision is put with each write, before the key. */
    private boolean isLost(byte[] key) {
        if (loses && Reference.isRevision(key)) {
            losing = true;
        }
        return losing && (Reference.isRevision(key) || Reference.isOfKeys(key));
    }

    @Override
    public void scan(byte[] start, byte @Nullable [] end, boolean reverse, Visitor visitor) {
        memory.scan(start, end, reverse, visitor);
    }

    @Override
    public void applied(long index) {
        memory.applied(index);
        if (losing) {
            losing = false;
            loses = false;
            writeLost.run();
        }
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

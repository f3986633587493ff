package io.balsa.kv;

import org.jspecify.annotations.Nullable;

/**
 * What the state machine remembers: an ordered map from bytes to bytes. The state machine lays out its tables in it;
 * the edge keeps it on disk and brings it back, after a crash, exactly as it was after some {@link #applied}.
 * Owned by one thread. Keys have 1 to 500 bytes and are ordered as unsigned bytes.
 */
public interface State {
    /** The value, or null. The caller owns the array and must not change it; nor may anyone change the key afterwards. */
    byte @Nullable [] get(byte[] key);

    /** Sets the value; neither array may be changed by anyone afterwards. */
    void put(byte[] key, byte[] value);

    /** Removes the key; nothing happens when it is absent. */
    void remove(byte[] key);

    /**
     * Visits the keys from {@code start} (inclusive) to {@code end} (exclusive; null: to the last), or the same
     * backwards, until the visitor returns false. The state must not be changed meanwhile.
     */
    void scan(byte[] start, byte @Nullable [] end, boolean reverse, Visitor visitor);

    /** All changes since the last call belong to the log up to {@code index}: they become durable together or not at all. */
    void applied(long index);

    /** Whether more may be applied now; false while too much waits for the disk. Reads go on. */
    default boolean hasRoom() {
        return true;
    }

    /** The last {@link #applied}, after a restart the last durable one; 0 at first. */
    long lastApplied();

    /** {@link #lastApplied} as a restart would find it now. */
    long durableIndex();

    /** What of it is durable takes so many bytes on the disk; 0 where that is not known. */
    default long liveBytes() {
        return 0;
    }

    /** Sees one key and value, which it may keep but not change; returns whether to go on. */
    @FunctionalInterface
    interface Visitor {
        boolean visit(byte[] key, byte[] value);
    }
}

package io.balsa.kv;

import org.jspecify.annotations.Nullable;

/**
 * The one door through which the state machine changes its {@link State}: what is put and removed changes {@link StateHash} by
 * the same step, and the hash is a record of the state like any other, so that it is as old as the rest on every disk and
 * in every copy. Call {@link #reload} first. Owned by the state machine's thread.
 */
final class Records {
    private final State state;
    private long hash;

    Records(State state) {
        this.state = state;
    }

    /**
     * The state's content is another one. Where a version without hashes has applied its last entry, all of it is read, once.
     */
    void reload() {
        hash = StateHash.recorded(state).orElseGet(() -> StateHash.of(state));
    }

    long hash() {
        return hash;
    }

    byte @Nullable [] get(byte[] key) {
        return state.get(key);
    }

    /** @param before what the state holds there now, as just read from it: what is not so shows in the hash */
    void put(byte[] key, byte @Nullable [] before, byte[] value) {
        forget(key, before);
        hash += StateHash.ofRecord(key, value);
        state.put(key, value);
    }

    void put(byte[] key, byte[] value) {
        put(key, state.get(key), value);
    }

    /** @param before see {@link #put} */
    void remove(byte[] key, byte @Nullable [] before) {
        forget(key, before);
        state.remove(key);
    }

    void remove(byte[] key) {
        remove(key, state.get(key));
    }

    private void forget(byte[] key, byte @Nullable [] before) {
        if (before != null) {
            hash -= StateHash.ofRecord(key, before);
        }
    }

    /** All changes since the last call are those of entry {@code index}. */
    void applied(long index) {
        state.put(Tables.STATE_HASH, Tables.numbers(index, hash));
        state.applied(index);
    }
}

package io.balsa.storage;

import java.util.Arrays;

/** Two merged, of which the newer one says what a key's value is when both know it. */
final class MergedEntries implements Entries {
    private final Entries newer;
    private final Entries older;
    private final boolean reverse;
    private boolean newerStands;
    private boolean olderStands;
    private boolean begun;
    private Entries current;

    MergedEntries(Entries newer, Entries older, boolean reverse) {
        this.newer = newer;
        this.older = older;
        this.reverse = reverse;
        this.current = newer;
    }

    @Override
    public boolean next() {
        if (!begun) {
            begun = true;
            newerStands = newer.next();
            olderStands = older.next();
        } else {
            step();
        }
        if (!newerStands && !olderStands) {
            return false;
        }
        current = !olderStands || (newerStands && order() <= 0) ? newer : older;
        return true;
    }

    /** Leaves the key last returned, in both. */
    private void step() {
        boolean same = newerStands && olderStands && order() == 0;
        if (current == newer || same) {
            newerStands = newer.next();
        }
        if (current == older || same) {
            olderStands = older.next();
        }
    }

    private int order() {
        int order = Arrays.compareUnsigned(newer.key(), older.key());
        return reverse ? -order : order;
    }

    @Override
    public byte[] key() {
        return current.key();
    }

    @Override
    public byte[] value() {
        return current.value();
    }
}

package io.balsa.storage;

import java.util.Iterator;

/** The changes of a table, or of a part of it. */
final class TableEntries implements Entries {
    private final Iterator<MemTable.Change> iterator;
    private byte[] key = MemTable.REMOVED;
    private byte[] value = MemTable.REMOVED;

    TableEntries(Iterator<MemTable.Change> iterator) {
        this.iterator = iterator;
    }

    @Override
    public boolean next() {
        if (!iterator.hasNext()) {
            return false;
        }
        MemTable.Change current = iterator.next();
        key = current.key();
        value = current.copy();
        return true;
    }

    @Override
    public byte[] key() {
        return key;
    }

    @Override
    public byte[] value() {
        return value;
    }
}

package io.balsa.storage;

import java.util.Iterator;
import java.util.Map;

/** The changes of a table, or of a part of it. */
final class TableEntries implements Entries {
    private final Iterator<Map.Entry<byte[], byte[]>> iterator;
    private Map.Entry<byte[], byte[]> current = Map.entry(MemTable.REMOVED, MemTable.REMOVED);

    TableEntries(Iterator<Map.Entry<byte[], byte[]>> iterator) {
        this.iterator = iterator;
    }

    @Override
    public boolean next() {
        if (!iterator.hasNext()) {
            return false;
        }
        current = iterator.next();
        return true;
    }

    @Override
    public byte[] key() {
        return current.getKey();
    }

    @Override
    public byte[] value() {
        return current.getValue();
    }
}

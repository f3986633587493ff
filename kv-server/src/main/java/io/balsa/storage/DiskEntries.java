package io.balsa.storage;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.GetOp;

/** Those of a range in LMDB, copied and checked one by one. Valid within the cursor's transaction. */
final class DiskEntries implements Entries {
    private final Tables tables;
    private final Cursor<ByteBuffer> cursor;
    private final byte[] start;
    private final byte @Nullable [] end;
    private final boolean reverse;
    private boolean begun;
    private byte[] key = MemTable.REMOVED;
    private byte[] value = MemTable.REMOVED;

    DiskEntries(Tables tables, Cursor<ByteBuffer> cursor, byte[] start, byte @Nullable [] end, boolean reverse) {
        this.tables = tables;
        this.cursor = cursor;
        this.start = start;
        this.end = end;
        this.reverse = reverse;
    }

    @Override
    public boolean next() {
        boolean found;
        if (begun) {
            found = reverse ? cursor.prev() : cursor.next();
        } else {
            found = begin();
            begun = true;
        }
        if (!found || Tables.isPrivate(cursor.key())) {
            return false;
        }
        key = Tables.keyOf(cursor.key());
        boolean inRange =
                reverse ? Arrays.compareUnsigned(key, start) >= 0 : end == null || Arrays.compareUnsigned(key, end) < 0;
        if (inRange) {
            value = tables.valueOf(cursor.key(), cursor.val());
        }
        return inRange;
    }

    private boolean begin() {
        if (!reverse) {
            return cursor.get(tables.key(start), GetOp.MDB_SET_RANGE);
        }
        if (end != null && cursor.get(tables.key(end), GetOp.MDB_SET_RANGE)) {
            return cursor.prev();
        }
        return cursor.last(); // The state's keys are the last ones.
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

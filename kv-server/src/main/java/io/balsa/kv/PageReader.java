package io.balsa.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads one {@link Query.Page}; used once.
 *
 * <p>A scan goes on until an item comes that does not fit: that is how the page knows that there is more. When a scan
 * meets a folder it stops, and the next one starts behind everything in that folder, so a folder of a million keys costs
 * as much as one key.
 */
final class PageReader {
    private final State state;
    private final Query.Page query;
    private final int limit;
    private final byte @Nullable [] delimiter;
    private final int folderPrefixBytes;

    private byte[] start;
    private byte[] end;
    private boolean scanAgain;

    private final List<KeyValue> items = new ArrayList<>();
    private final List<Key> folders = new ArrayList<>();
    private long bytes;
    private byte @Nullable [] lastAnswered;
    private boolean more;

    PageReader(State state, Query.Page query) {
        this.state = state;
        this.query = query;
        this.limit = Math.max(1, query.limit());
        byte[] asked = query.delimiter();
        // An empty text is in front of every byte: it divides nothing.
        this.delimiter = asked == null || asked.length == 0 ? null : asked;
        this.folderPrefixBytes = Math.max(0, Math.min(query.folderPrefixBytes(), Key.BYTES_MAX));
        this.start = Tables.keysFrom(query.range().start());
        this.end = Tables.keysTo(query.range().end());
        if (query.after() != null) {
            continueBehind(query.after());
        }
    }

    QueryResult.Page read(long revision) {
        do {
            scanAgain = false;
            Queries.scan(state, start, end, query.reverse(), this::visit);
        } while (scanAgain);
        return new QueryResult.Page(revision, items, folders, more ? lastAnswered : null);
    }

    private boolean visit(byte[] record, byte[] value) {
        int folderBytes = delimiter == null ? 0 : folderBytes(record, 1, delimiter);
        if (folderBytes == 0) {
            int valueBytes = query.keysOnly() ? 0 : Tables.valueBytes(value);
            if (!fits(record.length - 1L + valueBytes)) {
                return false;
            }
            Key key = Tables.key(record);
            items.add(Tables.keyValue(key, value, !query.keysOnly()));
            lastAnswered = key.shared();
            return true;
        }
        if (fits(folderBytes)) {
            Key folder = Key.owning(Arrays.copyOfRange(record, 1, 1 + folderBytes));
            folders.add(folder);
            lastAnswered = folder.shared();
            continueBehind(folder.shared());
            scanAgain = true;
        }
        return false;
    }

    /** Counts one more item in, or finds that it is for the next page. */
    private boolean fits(long itemBytes) {
        int answered = items.size() + folders.size();
        if (answered == limit || (answered > 0 && bytes + itemBytes > query.bytesMax())) {
            more = true;
            return false;
        }
        bytes += itemBytes;
        return true;
    }

    /** Moves the bound that the scan starts at behind a key, or behind all that is in a folder. */
    private void continueBehind(byte[] after) {
        if (query.reverse()) {
            byte[] before = Tables.keysFrom(after); // A folder's name sorts in front of all that is in it.
            end = Arrays.compareUnsigned(before, end) < 0 ? before : end;
            return;
        }
        boolean folder = delimiter != null && after.length > 0 && folderBytes(after, 0, delimiter) == after.length;
        byte[] next = folder
                ? Tables.keysTo(KeyRange.ofPrefix(after).end())
                : Tables.keysFrom(Arrays.copyOf(after, after.length + 1)); // Nothing lies between a key and this.
        start = Arrays.compareUnsigned(next, start) > 0 ? next : start;
    }

    /** How long the name of the folder is that holds this key; 0 when none does. The key begins at {@code keyAt}. */
    private int folderBytes(byte[] bytes, int keyAt, byte[] delimiter) {
        for (int at = keyAt + folderPrefixBytes; at + delimiter.length <= bytes.length; at++) {
            if (Arrays.equals(bytes, at, at + delimiter.length, delimiter, 0, delimiter.length)) {
                return at + delimiter.length - keyAt;
            }
        }
        return 0;
    }
}

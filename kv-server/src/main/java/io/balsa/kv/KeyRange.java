package io.balsa.kv;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Keys from {@code start} (inclusive) to {@code end} (exclusive), as unsigned bytes.
 *
 * @param start may be empty: from the first key on
 * @param end null: to the last key
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by content below.
public record KeyRange(byte[] start, byte @Nullable [] end) {
    /** Every key that begins with {@code prefix}; all keys when it is empty. */
    public static KeyRange ofPrefix(byte[] prefix) {
        for (int last = prefix.length - 1; last >= 0; last--) {
            if (prefix[last] != (byte) 0xff) {
                byte[] end = Arrays.copyOf(prefix, last + 1);
                end[last]++;
                return new KeyRange(prefix, end);
            }
        }
        return new KeyRange(prefix, null); // Nothing but 0xff: no key sorts after all of them.
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof KeyRange range && Arrays.equals(start, range.start) && Arrays.equals(end, range.end);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(start) + Arrays.hashCode(end);
    }
}

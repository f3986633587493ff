package io.balsa.kv;

import org.jspecify.annotations.Nullable;

/** A read of the state machine; it changes nothing and is not in the log. */
public sealed interface Query {
    /** One key. */
    record Get(Key key) implements Query {}

    /**
     * A page of a range, in key order.
     *
     * @param after continue behind this key (before it, when {@code reverse}); null: from the beginning. With a
     *     delimiter it may be a folder's name, behind which everything in that folder is passed over
     * @param limit items and folders at most, at least 1
     * @param bytesMax the sum of keys and values; the first item always fits
     * @param keysOnly leave the values empty
     * @param delimiter list as folders: keys that hold this text behind the first {@code folderPrefixBytes} bytes
     *     are answered once, as their part up to and with it; null: no folders
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Page(
            KeyRange range,
            byte @Nullable [] after,
            int limit,
            long bytesMax,
            boolean keysOnly,
            boolean reverse,
            byte @Nullable [] delimiter,
            int folderPrefixBytes)
            implements Query {}

    /** How many keys a range holds, counted up to {@code countMax}. */
    record Count(KeyRange range, long countMax) implements Query {}
}

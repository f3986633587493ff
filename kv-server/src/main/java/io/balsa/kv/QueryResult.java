package io.balsa.kv;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a {@link Query} found. */
public sealed interface QueryResult {
    /** The store's revision when it was read. */
    long revision();

    /** Of {@link Query.Get}; null when the key does not exist. */
    record One(long revision, @Nullable KeyValue keyValue) implements QueryResult {}

    /**
     * Of {@link Query.Page}.
     *
     * @param folders common prefixes, in order; empty without a delimiter
     * @param last where the next page continues ({@link Query.Page#after}); null when there is no more
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Page(long revision, List<KeyValue> items, List<Key> folders, byte @Nullable [] last) implements QueryResult {
        public boolean more() {
            return last != null;
        }
    }

    /** Of {@link Query.Count}; {@code capped} when there are more than were counted. */
    record Count(long revision, long count, boolean capped) implements QueryResult {}
}

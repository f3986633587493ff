package io.balsa.client;

import org.jspecify.annotations.Nullable;

/**
 * Which keys to list or count, and how. Immutable: each method returns a changed copy.
 *
 * @param prefix only keys that begin with it; null: no such limit
 * @param start the first key; null: from the beginning
 * @param end the first key behind the range; null: to the end
 * @param pageSize items in one answer at most; the server may send fewer
 * @param keysOnly leave the values empty
 * @param reverse from the last key to the first
 * @param cursor where an earlier page ended; null: from the beginning
 */
public record ListQuery(
        @Nullable Key prefix,
        @Nullable Key start,
        @Nullable Key end,
        int pageSize,
        boolean keysOnly,
        boolean reverse,
        @Nullable String cursor) {
    private static final int PAGE_SIZE = 100;

    public ListQuery {
        if (pageSize < 1) {
            throw new IllegalArgumentException("a page has at least one item; asked for " + pageSize);
        }
    }

    /** Every key. */
    public static ListQuery all() {
        return new ListQuery(null, null, null, PAGE_SIZE, false, false, null);
    }

    /** The keys that begin with {@code prefix}; every key when it is empty. */
    public static ListQuery prefix(String prefix) {
        return prefix.isEmpty() ? all() : prefix(Key.of(prefix));
    }

    /** The keys that begin with {@code prefix}. */
    public static ListQuery prefix(Key prefix) {
        return new ListQuery(prefix, null, null, PAGE_SIZE, false, false, null);
    }

    /** The keys from {@code start} up to, and without, {@code end}; null leaves that side open. */
    public static ListQuery range(@Nullable Key start, @Nullable Key end) {
        return new ListQuery(null, start, end, PAGE_SIZE, false, false, null);
    }

    /** With at most {@code size} items in one answer. */
    public ListQuery withPageSize(int size) {
        return new ListQuery(prefix, start, end, size, keysOnly, reverse, cursor);
    }

    /** Without values. */
    public ListQuery withoutValues() {
        return new ListQuery(prefix, start, end, pageSize, true, reverse, cursor);
    }

    /** From the last key to the first. */
    public ListQuery reversed() {
        return new ListQuery(prefix, start, end, pageSize, keysOnly, true, cursor);
    }

    /** From where the page ended that had this cursor. */
    public ListQuery from(@Nullable String pageCursor) {
        return new ListQuery(prefix, start, end, pageSize, keysOnly, reverse, pageCursor);
    }
}

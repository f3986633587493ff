package io.balsa.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a listing, in key order.
 *
 * @param cursor continues behind the last item when given to {@link ListQuery#from}; null on the last page
 */
public record Page(List<KeyValue> items, @Nullable String cursor) {
    public Page {
        items = List.copyOf(items);
    }

    /** Whether another page follows. */
    public boolean more() {
        return cursor != null;
    }
}

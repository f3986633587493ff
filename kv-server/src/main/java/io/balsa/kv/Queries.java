package io.balsa.kv;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Answers queries from a {@link State} without changing it. Owned by the state machine's thread. */
final class Queries {
    private final State state;

    Queries(State state) {
        this.state = state;
    }

    QueryResult answer(Query query, long revision) {
        if (query instanceof Query.Get get) {
            byte[] record = state.get(Tables.keyRecord(get.key()));
            return new QueryResult.One(revision, record == null ? null : Tables.keyValue(get.key(), record, true));
        }
        if (query instanceof Query.Page page) {
            return new PageReader(state, page).read(revision);
        }
        if (query instanceof Query.Count count) {
            return count(count, revision);
        }
        throw new AssertionError("no answer to " + query);
    }

    /** Visits the records of the keys table that belong to the range, in order. */
    void scanKeys(KeyRange range, State.Visitor visitor) {
        scan(state, Tables.keysFrom(range.start()), Tables.keysTo(range.end()), false, visitor);
    }

    /** As {@link State#scan}, for bounds in any order: a range that ends before it begins is empty. */
    static void scan(State state, byte[] start, byte @Nullable [] end, boolean reverse, State.Visitor visitor) {
        if (end == null || Arrays.compareUnsigned(start, end) < 0) {
            state.scan(start, end, reverse, visitor);
        }
    }

    private QueryResult.Count count(Query.Count query, long revision) {
        long[] seen = {0};
        scanKeys(query.range(), (record, value) -> {
            seen[0]++;
            return seen[0] <= query.countMax();
        });
        boolean capped = seen[0] > query.countMax();
        return new QueryResult.Count(revision, capped ? query.countMax() : seen[0], capped);
    }
}

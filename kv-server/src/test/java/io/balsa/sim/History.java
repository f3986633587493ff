package io.balsa.sim;

import io.balsa.kv.Command;
import io.balsa.kv.Key;
import io.balsa.kv.KeyRange;
import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import io.balsa.kv.Precondition;
import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What clients did and saw, in the order in which they did and saw it. Thread-safe: an invocation is recorded before it
 * is sent, a completion after it was received.
 *
 * <p>A call that is retried under one idempotency key is one call: invoked once, completed once. Reads must be
 * linearizable ones. The store is empty when the history begins.
 */
public final class History {
    private static final ByteBuffer NO_VALUE = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private final LongSupplier millis;
    private final List<Call> calls = new ArrayList<>();
    private long position;

    /** @param millis a clock, for the reader of a counter-example only */
    public History(LongSupplier millis) {
        this.millis = millis;
    }

    /** Begins a put or a delete, as such or in a {@link Command.Once}; the id is for its completion. */
    public synchronized int invoke(int client, Command command) {
        Command inner = command instanceof Command.Once once ? once.command() : command;
        if (!(inner instanceof Command.Put) && !(inner instanceof Command.Delete)) {
            throw new IllegalArgumentException("a history has puts and deletes of one key, not " + inner);
        }
        calls.add(new Call(client, inner, null, ++position, millis.getAsLong()));
        return calls.size() - 1;
    }

    /** Begins a get, or a page that goes forward, with values and without folders; the id is for its completion. */
    public synchronized int invoke(int client, Query query) {
        boolean page = query instanceof Query.Page p && !p.reverse() && !p.keysOnly() && p.delimiter() == null;
        if (!page && !(query instanceof Query.Get)) {
            throw new IllegalArgumentException("a history has gets and plain pages, not " + query);
        }
        calls.add(new Call(client, null, query, ++position, millis.getAsLong()));
        return calls.size() - 1;
    }

    /** The write was answered. */
    public synchronized void ok(int id, Outcome outcome) {
        Call call = complete(id, Operation.Completion.OK);
        if (call.command == null) {
            throw new IllegalArgumentException("#" + id + " is a read");
        }
        call.outcome = outcome;
    }

    /** The read was answered. */
    public synchronized void ok(int id, QueryResult result) {
        Call call = complete(id, Operation.Completion.OK);
        boolean fits = call.query instanceof Query.Get
                ? result instanceof QueryResult.One
                : call.query instanceof Query.Page && result instanceof QueryResult.Page;
        if (!fits) {
            throw new IllegalArgumentException("#" + id + " is not answered by " + result);
        }
        call.result = result;
    }

    /** It has no effect, now and later. */
    public synchronized void fail(int id) {
        complete(id, Operation.Completion.FAIL);
    }

    /** Nobody knows. The same as never to complete it. */
    public synchronized void info(int id) {
        complete(id, Operation.Completion.INFO);
    }

    /** Number of calls. */
    public synchronized int size() {
        return calls.size();
    }

    /**
     * All of it, by invocation. A page is there as one get for each key of the history that it covers: at the page's
     * revision, so that together they must be a snapshot.
     */
    public synchronized List<Operation> operations() {
        SortedSet<Key> keys = new TreeSet<>();
        for (Call call : calls) {
            call.addKeysTo(keys);
        }
        List<Operation> operations = new ArrayList<>();
        for (int id = 0; id < calls.size(); id++) {
            calls.get(id).addOperationsTo(operations, id, keys);
        }
        return operations;
    }

    private Call complete(int id, Operation.Completion completion) {
        Call call = calls.get(id);
        if (call.completedAt != Long.MAX_VALUE || call.unknown) {
            throw new IllegalStateException("#" + id + " completed twice");
        }
        position++;
        call.completion = completion;
        call.unknown = completion == Operation.Completion.INFO;
        call.completedAt = call.unknown ? Long.MAX_VALUE : position;
        return call;
    }

    /** One invocation; guarded by the history. */
    private static final class Call {
        private final int client;
        private final @Nullable Command command;
        private final @Nullable Query query;
        private final long invokedAt;
        private final long invokedMillis;
        private Operation.Completion completion = Operation.Completion.INFO;
        private boolean unknown;
        private long completedAt = Long.MAX_VALUE;
        private @Nullable Outcome outcome;
        private @Nullable QueryResult result;

        Call(int client, @Nullable Command command, @Nullable Query query, long invokedAt, long invokedMillis) {
            this.client = client;
            this.command = command;
            this.query = query;
            this.invokedAt = invokedAt;
            this.invokedMillis = invokedMillis;
        }

        void addKeysTo(SortedSet<Key> keys) {
            if (command instanceof Command.Put put) {
                keys.add(put.key());
            } else if (command instanceof Command.Delete delete) {
                keys.add(delete.key());
            } else if (query instanceof Query.Get get) {
                keys.add(get.key());
            } else if (result instanceof QueryResult.Page page) {
                page.items().forEach(item -> keys.add(item.key()));
            }
        }

        void addOperationsTo(List<Operation> operations, int id, SortedSet<Key> keys) {
            if (command instanceof Command.Put put) {
                operations.add(operation(id, Operation.Kind.PUT, put.key(), put.value(), put.precondition(), null));
            } else if (command instanceof Command.Delete delete) {
                operations.add(
                        operation(id, Operation.Kind.DELETE, delete.key(), NO_VALUE, delete.precondition(), null));
            } else if (query instanceof Query.Get get) {
                operations.add(get(id, get.key(), result instanceof QueryResult.One one ? one : null));
            } else if (query instanceof Query.Page asked && result instanceof QueryResult.Page page) {
                Map<Key, KeyValue> found = new HashMap<>();
                page.items().forEach(item -> found.put(item.key(), item));
                for (Key key : keys) {
                    if (covers(asked, page, key) || found.containsKey(key)) {
                        operations.add(get(id, key, new QueryResult.One(page.revision(), found.get(key))));
                    }
                }
            }
        }

        private Operation get(int id, Key key, QueryResult.@Nullable One read) {
            return operation(id, Operation.Kind.GET, key, NO_VALUE, Precondition.NONE, read);
        }

        private Operation operation(
                int id,
                Operation.Kind kind,
                Key key,
                ByteBuffer value,
                Precondition precondition,
                QueryResult.@Nullable One read) {
            return new Operation(
                    id,
                    client,
                    invokedAt,
                    completedAt,
                    kind,
                    key,
                    value,
                    precondition,
                    completion,
                    outcome,
                    read,
                    invokedMillis);
        }

        private static boolean covers(Query.Page asked, QueryResult.Page page, Key key) {
            byte[] bytes = key.toBytes();
            KeyRange range = asked.range();
            byte[] end = range.end();
            byte[] after = asked.after();
            byte[] last = page.last();
            return Arrays.compareUnsigned(bytes, range.start()) >= 0
                    && (end == null || Arrays.compareUnsigned(bytes, end) < 0)
                    && (after == null || Arrays.compareUnsigned(bytes, after) > 0)
                    && (last == null || Arrays.compareUnsigned(bytes, last) <= 0);
        }
    }
}

package io.balsa.client;

import io.balsa.client.Operation.Decoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A client of one Balsa cluster. Thread-safe; one for a program is enough.
 *
 * <pre>{@code
 * try (BalsaClient client = BalsaClient.connect("http://127.0.0.1:8081", "http://127.0.0.1:8082")) {
 *     long revision = client.put("greeting", "hello").modRevision();
 *     client.compareAndSet("greeting", "hello again", revision);
 *     client.get("greeting").ifPresent(found -> System.out.println(found.valueText()));
 * }
 * }</pre>
 *
 * <p>Each call exists in a form that waits and one that answers with a {@link CompletableFuture}. Both end within their
 * deadline, with a result or a {@link BalsaException} (the waiting form throws it, the future completes with it):
 *
 * <ul>
 *   <li>{@link NotAppliedException}: no effect, now or later; {@link PreconditionFailedException} when a condition did
 *       not hold; reads that fail end with it too.
 *   <li>{@link UnknownOutcomeException}: a write that may have been applied, or may yet be.
 * </ul>
 *
 * <p>What may be repeated safely is repeated until the deadline (see the package's description). Work that is attached to
 * a future runs on the client's few threads: it must not block, and must not call the waiting forms. A waiting call whose
 * thread is interrupted ends at once, with the interrupt flag set.
 */
public final class BalsaClient implements AutoCloseable {
    private static final byte[] NO_BYTES = new byte[0];

    private final Calls calls;

    BalsaClient(Calls calls) {
        this.calls = calls;
    }

    /** A client with the defaults; each endpoint looks like {@code http://host:port}. Asks nothing of them yet. */
    public static BalsaClient connect(String... endpoints) {
        return builder().endpoints(endpoints).build();
    }

    public static ClientBuilder builder() {
        return new ClientBuilder();
    }

    /** The key's value and history; empty when it does not exist. */
    public Optional<KeyValue> get(String key, CallOption... options) {
        return get(Key.of(key), options);
    }

    public Optional<KeyValue> get(Key key, CallOption... options) {
        return calls.await(getCall(key, calls.options(options)));
    }

    public CompletableFuture<Optional<KeyValue>> getAsync(String key, CallOption... options) {
        return getAsync(Key.of(key), options);
    }

    public CompletableFuture<Optional<KeyValue>> getAsync(Key key, CallOption... options) {
        return calls.start(getCall(key, calls.options(options)));
    }

    /** Sets the key to the value, whether or not it existed. */
    public PutResult put(String key, String value, CallOption... options) {
        return put(Key.of(key), utf8(value), options);
    }

    public PutResult put(Key key, byte[] value, CallOption... options) {
        return calls.await(putCall("put", key, value, Condition.NONE, options));
    }

    public CompletableFuture<PutResult> putAsync(String key, String value, CallOption... options) {
        return putAsync(Key.of(key), utf8(value), options);
    }

    public CompletableFuture<PutResult> putAsync(Key key, byte[] value, CallOption... options) {
        return calls.start(putCall("put", key, value, Condition.NONE, options));
    }

    /** Sets the key only if it does not exist; else {@link PreconditionFailedException}. */
    public PutResult create(String key, String value, CallOption... options) {
        return create(Key.of(key), utf8(value), options);
    }

    public PutResult create(Key key, byte[] value, CallOption... options) {
        return calls.await(putCall("create", key, value, Condition.ABSENT, options));
    }

    public CompletableFuture<PutResult> createAsync(String key, String value, CallOption... options) {
        return createAsync(Key.of(key), utf8(value), options);
    }

    public CompletableFuture<PutResult> createAsync(Key key, byte[] value, CallOption... options) {
        return calls.start(putCall("create", key, value, Condition.ABSENT, options));
    }

    /** Sets the key only if it exists; else {@link PreconditionFailedException}. */
    public PutResult update(String key, String value, CallOption... options) {
        return update(Key.of(key), utf8(value), options);
    }

    public PutResult update(Key key, byte[] value, CallOption... options) {
        return calls.await(putCall("update", key, value, Condition.PRESENT, options));
    }

    public CompletableFuture<PutResult> updateAsync(String key, String value, CallOption... options) {
        return updateAsync(Key.of(key), utf8(value), options);
    }

    public CompletableFuture<PutResult> updateAsync(Key key, byte[] value, CallOption... options) {
        return calls.start(putCall("update", key, value, Condition.PRESENT, options));
    }

    /** Sets the key only if its {@code modRevision} is this one; else {@link PreconditionFailedException}. */
    public PutResult compareAndSet(String key, String value, long modRevision, CallOption... options) {
        return compareAndSet(Key.of(key), utf8(value), modRevision, options);
    }

    public PutResult compareAndSet(Key key, byte[] value, long modRevision, CallOption... options) {
        return calls.await(putCall("compareAndSet", key, value, Condition.at(modRevision), options));
    }

    public CompletableFuture<PutResult> compareAndSetAsync(
            String key, String value, long modRevision, CallOption... options) {
        return compareAndSetAsync(Key.of(key), utf8(value), modRevision, options);
    }

    public CompletableFuture<PutResult> compareAndSetAsync(
            Key key, byte[] value, long modRevision, CallOption... options) {
        return calls.start(putCall("compareAndSet", key, value, Condition.at(modRevision), options));
    }

    /** Deletes the key; false when it did not exist. */
    public boolean delete(String key, CallOption... options) {
        return delete(Key.of(key), options);
    }

    public boolean delete(Key key, CallOption... options) {
        return calls.await(deleteCall("delete", key, Condition.NONE, options));
    }

    public CompletableFuture<Boolean> deleteAsync(String key, CallOption... options) {
        return deleteAsync(Key.of(key), options);
    }

    public CompletableFuture<Boolean> deleteAsync(Key key, CallOption... options) {
        return calls.start(deleteCall("delete", key, Condition.NONE, options));
    }

    /** Deletes the key only if its {@code modRevision} is this one; else {@link PreconditionFailedException}. */
    public void deleteIf(String key, long modRevision, CallOption... options) {
        deleteIf(Key.of(key), modRevision, options);
    }

    public void deleteIf(Key key, long modRevision, CallOption... options) {
        calls.await(deleteCall("deleteIf", key, Condition.at(modRevision), options));
    }

    public CompletableFuture<Boolean> deleteIfAsync(String key, long modRevision, CallOption... options) {
        return deleteIfAsync(Key.of(key), modRevision, options);
    }

    public CompletableFuture<Boolean> deleteIfAsync(Key key, long modRevision, CallOption... options) {
        return calls.start(deleteCall("deleteIf", key, Condition.at(modRevision), options));
    }

    /**
     * Deletes every key with this prefix, in one step that either happens or does not, and answers how many there were.
     * The servers refuse ({@code too_large}) when there are more than one step may delete.
     *
     * @throws IllegalArgumentException when the prefix is empty: that would delete everything
     */
    public long deletePrefix(String prefix, CallOption... options) {
        return calls.await(deletePrefixCall(Key.of(prefix), options));
    }

    public CompletableFuture<Long> deletePrefixAsync(String prefix, CallOption... options) {
        return calls.start(deletePrefixCall(Key.of(prefix), options));
    }

    /** One page; {@link Page#cursor} leads to the next. */
    public Page listPage(ListQuery query, CallOption... options) {
        return calls.await(pageCall(query, calls.options(options)));
    }

    public CompletableFuture<Page> listPageAsync(ListQuery query, CallOption... options) {
        return calls.start(pageCall(query, calls.options(options)));
    }

    /**
     * Every item, fetched a page at a time as the stream is read; each page is a call of its own with its own deadline.
     * Keys that change meanwhile may be seen in their old or new state; a key that exists all the time is seen once.
     */
    public Stream<KeyValue> list(ListQuery query, CallOption... options) {
        return Stream.iterate(
                        listPage(query, options),
                        page -> page != null,
                        page -> page.more() ? listPage(query.from(page.cursor()), options) : null)
                .flatMap(page -> page.items().stream());
    }

    /** How many keys the query's prefix or range holds; its other parts do not matter here. */
    public KeyCount count(ListQuery query, CallOption... options) {
        return calls.await(countCall(query, calls.options(options)));
    }

    public CompletableFuture<KeyCount> countAsync(ListQuery query, CallOption... options) {
        return calls.start(countCall(query, calls.options(options)));
    }

    /** The members of the cluster and who leads it, as one of the servers sees it. */
    public ClusterStatus cluster(CallOption... options) {
        return calls.await(clusterCall(calls.options(options)));
    }

    public CompletableFuture<ClusterStatus> clusterAsync(CallOption... options) {
        return calls.start(clusterCall(calls.options(options)));
    }

    /** The last {@code limit} elections, at most 1,000, as the servers that can be reached remember them. */
    public Elections elections(int limit, CallOption... options) {
        return calls.await(ElectionAnswers.last(limit, calls.options(options)));
    }

    /** One term's election, with its votes; a term that nobody remembers fails with {@code not_found}. */
    public Elections election(long term, CallOption... options) {
        return calls.await(ElectionAnswers.of(term, calls.options(options)));
    }

    /**
     * What one server says of itself. Asks no other, so a server that is down takes the whole deadline.
     *
     * @param endpoint {@code http://host:port}; need not be among the client's own
     */
    public ServerStatus status(String endpoint, CallOption... options) {
        return calls.awaitFrom(Endpoint.parse(endpoint), statusCall(calls.options(options)));
    }

    public CompletableFuture<ServerStatus> statusAsync(String endpoint, CallOption... options) {
        return calls.startFrom(Endpoint.parse(endpoint), statusCall(calls.options(options)));
    }

    /**
     * Takes a server in, as a learner that is promoted once it has caught up. The leader dials it first and refuses ({@code
     * member_unusable}) when it is not there, not empty, or of another cluster.
     *
     * @param id of the new server, like {@code n4}
     * @param raftAddress where it listens for other servers, like {@code 10.0.0.4:9081}
     * @param promote false: it stays a learner
     * @param revision the {@link ClusterStatus#membershipRevision} that this is meant for; null: any; at another one {@link
     *     PreconditionFailedException}
     */
    public ClusterStatus addMember(
            String id, String raftAddress, boolean promote, @Nullable Long revision, CallOption... options) {
        return calls.await(MemberCalls.add(id, raftAddress, promote, revision, calls.options(options)));
    }

    /** Lets a server go; refused ({@code quorum_at_risk}) when too few voters that live would be left. */
    public ClusterStatus removeMember(String id, @Nullable Long revision, CallOption... options) {
        return calls.await(MemberCalls.remove(id, revision, calls.options(options)));
    }

    /** Makes a learner a voter; refused ({@code not_caught_up}) while it lacks too much. */
    public ClusterStatus promoteMember(String id, @Nullable Long revision, CallOption... options) {
        return calls.await(MemberCalls.promote(id, revision, calls.options(options)));
    }

    /**
     * Hands leadership over, and answers who leads then.
     *
     * @param target null: whoever has caught up best
     */
    public String transferLeadership(@Nullable String target, CallOption... options) {
        return calls.await(MemberCalls.transfer(target, calls.options(options)));
    }

    /** Ends the calls under way, and frees threads and connections. Later calls fail with {@code closed}. */
    @Override
    public void close() {
        calls.close();
    }

    private static Calls.Call<Optional<KeyValue>> getCall(Key key, CallOptions options) {
        BatchForm.Queue queue = BatchForm.Queue.ofReads(options.consistency());
        return new Calls.Call<>(
                new Operation<>(
                        "get",
                        key,
                        true,
                        true,
                        () -> Operation.getRequest(RequestTarget.key(key)
                                .with(options.consistency())
                                .withTimeout(options.deadline())),
                        batchForm(queue, "get", key, null, Condition.NONE, options),
                        Answers::get),
                options);
    }

    private Calls.Call<PutResult> putCall(
            String verb, Key key, byte[] value, Condition condition, CallOption... given) {
        CallOptions options = calls.options(given);
        byte[] body = value.clone();
        return write(
                verb,
                key,
                () -> request("PUT", RequestTarget.key(key), body, condition, options),
                batchForm(BatchForm.Queue.WRITES, "put", key, body, condition, options),
                Answers::put,
                options);
    }

    private Calls.Call<Boolean> deleteCall(String verb, Key key, Condition condition, CallOption... given) {
        CallOptions options = calls.options(given);
        return write(
                verb,
                key,
                () -> request("DELETE", RequestTarget.key(key), NO_BYTES, condition, options),
                batchForm(BatchForm.Queue.WRITES, "delete", key, null, condition, options),
                reply -> Answers.deleted(reply) > 0,
                options);
    }

    private Calls.Call<Long> deletePrefixCall(Key prefix, CallOption... given) {
        CallOptions options = calls.options(given);
        return write(
                "deletePrefix",
                prefix,
                () -> request(
                        "DELETE",
                        RequestTarget.path("/v1/kv").with("prefix", prefix),
                        NO_BYTES,
                        Condition.NONE,
                        options),
                null,
                Answers::deleted,
                options);
    }

    private static <T> Calls.Call<T> write(
            String verb,
            Key key,
            Supplier<HttpTransport.Request> request,
            @Nullable BatchForm batchForm,
            Decoder<T> decoder,
            CallOptions options) {
        return new Calls.Call<>(new Operation<>(verb, key, false, false, request, batchForm, decoder), options);
    }

    private static HttpTransport.Request request(
            String method, RequestTarget target, byte[] body, Condition condition, CallOptions options) {
        String full = target.withTimeout(options.deadline()).toString();
        return new HttpTransport.Request(method, full, condition.headers(options.idempotencyKey()), () -> body);
    }

    /** Null for a key that the servers refuse, so that it makes no batch with others. */
    private static @Nullable BatchForm batchForm(
            BatchForm.Queue queue,
            String op,
            Key key,
            byte @Nullable [] value,
            Condition condition,
            CallOptions options) {
        byte[] bytes = key.bytes();
        return Utf8.isValid(bytes)
                ? new BatchForm(queue, op, bytes, value, condition, options.idempotencyKey(), options.deadline())
                : null;
    }

    private static Calls.Call<Page> pageCall(ListQuery query, CallOptions options) {
        RequestTarget target = range(query)
                .with("limit", (Object) query.pageSize())
                .with("cursor", (Object) query.cursor())
                .flag("keys", query.keysOnly())
                .flag("reverse", query.reverse())
                .with(options.consistency())
                .withTimeout(options.deadline());
        return new Calls.Call<>(Operation.read("list", target, Answers::page), options);
    }

    private static Calls.Call<KeyCount> countCall(ListQuery query, CallOptions options) {
        RequestTarget target =
                range(query).flag("count", true).with(options.consistency()).withTimeout(options.deadline());
        return new Calls.Call<>(Operation.read("count", target, Answers::count), options);
    }

    private static Calls.Call<ClusterStatus> clusterCall(CallOptions options) {
        return new Calls.Call<>(
                Operation.read("cluster", RequestTarget.path("/v1/cluster"), StatusAnswers::cluster), options);
    }

    private static Calls.Call<ServerStatus> statusCall(CallOptions options) {
        return new Calls.Call<>(
                Operation.read("status", RequestTarget.path("/v1/status"), StatusAnswers::server), options);
    }

    private static RequestTarget range(ListQuery query) {
        return RequestTarget.path("/v1/kv")
                .with("prefix", query.prefix())
                .with("start", query.start())
                .with("end", query.end());
    }

    private static byte[] utf8(String value) {
        return value.getBytes(StandardCharsets.UTF_8);
    }
}

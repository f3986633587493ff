package io.balsa.benchmarks.driver;

import io.balsa.benchmarks.load.Completion;
import io.balsa.benchmarks.load.Driver;
import io.balsa.benchmarks.load.Keys;
import io.balsa.benchmarks.load.Kind;
import io.balsa.benchmarks.load.Values;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** etcd through jetcd's asynchronous API: one client, one HTTP/2 connection for each server that it is given. */
final class EtcdDriver implements Driver {
    private static final GetOption LINEARIZABLE = GetOption.DEFAULT;
    private static final GetOption STALE =
            GetOption.builder().withSerializable(true).build();
    private static final GetOption PAGE = GetOption.builder()
            .withRange(sequence(Keys.END))
            .withLimit(Keys.PAGE)
            .build();
    private static final ByteSequence HOT = sequence(Keys.HOT);

    private final Client client;
    private final KV kv;
    private final Values values;
    private final AtomicLong hotRevision = new AtomicLong();

    /** @param endpoints like {@code http://127.0.0.1:2379}; with several, operations go round them */
    EtcdDriver(List<String> endpoints, Values values) {
        this.client = Client.builder()
                .endpoints(endpoints.toArray(String[]::new))
                .loadBalancerPolicy("round_robin")
                .build();
        this.kv = client.getKVClient();
        this.values = values;
    }

    @Override
    public boolean supports(Kind kind) {
        return kind != Kind.LEASE_GET;
    }

    @Override
    public void start(int clientNumber, Kind kind, long key, Completion completion) {
        switch (kind) {
            case PUT -> end(kv.put(key(key), value()), completion);
            case GET -> end(kv.get(key(key), LINEARIZABLE), completion);
            case LEASE_GET -> completion.failed("not supported");
            case STALE_GET -> end(kv.get(key(key), STALE), completion);
            case RANGE -> end(kv.get(key(key), PAGE), completion);
            case CAS -> compareAndSet(completion);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // The completion is told.
    private void compareAndSet(Completion completion) {
        kv.txn()
                .If(new Cmp(HOT, Cmp.Op.EQUAL, CmpTarget.modRevision(hotRevision.get())))
                .Then(Op.put(HOT, value(), PutOption.DEFAULT))
                .Else(Op.get(HOT, GetOption.DEFAULT))
                .commit()
                .whenComplete((answer, failure) -> {
                    if (failure != null) {
                        completion.failed(reason(failure));
                    } else if (answer.isSucceeded()) {
                        hotRevision.accumulateAndGet(answer.getHeader().getRevision(), Math::max);
                        completion.done();
                    } else {
                        hotRevision.accumulateAndGet(modRevision(answer), Math::max);
                        completion.conflict();
                    }
                });
    }

    private static long modRevision(TxnResponse answer) {
        GetResponse read = answer.getGetResponses().get(0);
        return read.getKvs().isEmpty() ? 0 : read.getKvs().get(0).getModRevision();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // The completion is told.
    private static void end(CompletableFuture<?> future, Completion completion) {
        future.whenComplete((answer, failure) -> {
            if (failure == null) {
                completion.done();
            } else {
                completion.failed(reason(failure));
            }
        });
    }

    static String reason(@Nullable Throwable failure) {
        Throwable root = failure;
        while (root != null && root.getCause() != null) {
            root = root.getCause();
        }
        return root == null ? "unknown" : root.getClass().getSimpleName() + ": " + root.getMessage();
    }

    private static ByteSequence key(long key) {
        byte[] bytes = new byte[Keys.PREFIX.length() + Keys.DIGITS];
        Keys.write(key, bytes, 0);
        return ByteSequence.from(bytes);
    }

    private ByteSequence value() {
        return ByteSequence.from(values.next());
    }

    private static ByteSequence sequence(String ascii) {
        return ByteSequence.from(Bytes.ascii(ascii));
    }

    @Override
    public void close() {
        client.close();
    }
}

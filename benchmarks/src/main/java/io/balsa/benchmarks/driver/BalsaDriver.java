package io.balsa.benchmarks.driver;

import io.balsa.benchmarks.load.Completion;
import io.balsa.benchmarks.load.Driver;
import io.balsa.benchmarks.load.Keys;
import io.balsa.benchmarks.load.Kind;
import io.balsa.benchmarks.load.Values;
import io.balsa.client.BalsaClient;
import io.balsa.client.CallOption;
import io.balsa.client.Consistency;
import io.balsa.client.Key;
import io.balsa.client.ListQuery;
import io.balsa.client.PreconditionFailedException;
import io.balsa.client.PutResult;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Balsa through its Java client's asynchronous calls: one client object, whose event loop runs what is attached to them. */
final class BalsaDriver implements Driver {
    private static final CallOption LEASE = CallOption.consistency(Consistency.LEASE);
    private static final CallOption STALE = CallOption.consistency(Consistency.STALE);
    private static final Key HOT = Key.of(Keys.HOT);

    private final BalsaClient client;
    private final Values values;
    private final AtomicLong hotRevision = new AtomicLong();

    /**
     * What is attached to a call's future starts the next one and never blocks, so the client's event loop may run it.
     *
     * @param endpoints like {@code http://127.0.0.1:8081}
     */
    BalsaDriver(List<String> endpoints, Duration deadline, Values values) {
        this.client = BalsaClient.builder()
                .endpoints(endpoints)
                .deadline(deadline)
                .callbackExecutor(Runnable::run)
                .build();
        this.values = values;
    }

    @Override
    public boolean supports(Kind kind) {
        return true;
    }

    @Override
    public void start(int clientNumber, Kind kind, long key, Completion completion) {
        switch (kind) {
            case PUT -> end(client.putAsync(key(key), values.next()), completion);
            case GET -> end(client.getAsync(key(key)), completion);
            case LEASE_GET -> end(client.getAsync(key(key), LEASE), completion);
            case STALE_GET -> end(client.getAsync(key(key), STALE), completion);
            case RANGE ->
                end(
                        client.listPageAsync(
                                ListQuery.range(key(key), Key.of(Keys.END)).withPageSize(Keys.PAGE)),
                        completion);
            case CAS -> compareAndSet(completion);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // The completion is told.
    private void compareAndSet(Completion completion) {
        long known = hotRevision.get();
        CompletableFuture<PutResult> call =
                known == 0 ? client.putAsync(HOT, values.next()) : client.compareAndSetAsync(HOT, values.next(), known);
        call.whenComplete((answer, failure) -> {
            if (failure == null) {
                hotRevision.accumulateAndGet(answer.modRevision(), Math::max);
                completion.done();
            } else if (cause(failure) instanceof PreconditionFailedException lost) {
                hotRevision.accumulateAndGet(lost.modRevision(), Math::max);
                completion.conflict();
            } else {
                completion.failed(EtcdDriver.reason(failure));
            }
        });
    }

    @SuppressWarnings("FutureReturnValueIgnored") // The completion is told.
    private static void end(CompletableFuture<?> future, Completion completion) {
        future.whenComplete((answer, failure) -> {
            if (failure == null) {
                completion.done();
            } else {
                completion.failed(EtcdDriver.reason(failure));
            }
        });
    }

    private static @Nullable Throwable cause(Throwable failure) {
        return failure instanceof CompletionException ? failure.getCause() : failure;
    }

    private static Key key(long key) {
        return Key.of(Keys.text(key));
    }

    @Override
    public void close() {
        client.close();
    }
}

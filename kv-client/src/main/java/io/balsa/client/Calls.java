package io.balsa.client;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The calls under way, and what they share. Thread-safe. */
final class Calls implements AutoCloseable {
    /**
     * How long a waiting call trusts the timer thread beyond its deadline. The timer runs what callers attach to futures,
     * so it may be blocked by one who broke the rule.
     */
    private static final long TIMER_GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Endpoints endpoints;
    private final HttpTransport transport;
    private final Sender sender;
    private final CallOptions defaults;
    private final ScheduledThreadPoolExecutor timer;
    private final Semaphore free;
    private final Set<Invocation<?>> underWay = ConcurrentHashMap.newKeySet();
    private final LeaderWatch leaderWatch;
    private volatile boolean closed;

    /** An operation and how it is to be done. */
    record Call<T>(Operation<T> operation, CallOptions options) {}

    /** Runs something late unless it is told in time that this is not needed. */
    interface Guard {
        /** Arms it; what it returns disarms it. */
        Runnable arm(Duration time, Runnable late);
    }

    Calls(Endpoints endpoints, HttpTransport transport, CallOptions defaults, int inFlightMax, boolean batching) {
        this.endpoints = endpoints;
        this.transport = transport;
        this.defaults = defaults;
        this.free = new Semaphore(inFlightMax);
        this.timer = new ScheduledThreadPoolExecutor(1, new DaemonThreads("balsa-client-timer"));
        timer.setRemoveOnCancelPolicy(true);
        this.sender = batching
                ? new Batching(transport, this::guard)
                : (endpoint, operation) ->
                        transport.open(endpoint, operation.request().get());
        this.leaderWatch = new LeaderWatch(endpoints, transport, underWay, this::guard);
    }

    CallOptions options(CallOption... options) {
        return options.length == 0 ? defaults : defaults.with(options);
    }

    <T> CompletableFuture<T> start(Call<T> call) {
        return run(invocation(call, endpoints), call);
    }

    /** Asks that one server and no other. */
    <T> CompletableFuture<T> startFrom(Endpoint endpoint, Call<T> call) {
        return run(invocation(call, new Endpoints(List.of(endpoint))), call);
    }

    <T> T await(Call<T> call) {
        return await(invocation(call, endpoints), call);
    }

    /** Asks that one server and no other. */
    <T> T awaitFrom(Endpoint endpoint, Call<T> call) {
        return await(invocation(call, new Endpoints(List.of(endpoint))), call);
    }

    private Runnable guard(Duration time, Runnable late) {
        try {
            ScheduledFuture<?> armed = timer.schedule(late, time.toNanos(), TimeUnit.NANOSECONDS);
            return () -> armed.cancel(false);
        } catch (RejectedExecutionException closed) {
            return () -> {};
        }
    }

    private <T> Invocation<T> invocation(Call<T> call, Endpoints asked) {
        return new Invocation<>(call.operation(), call.options(), asked, sender, timer);
    }

    private <T> CompletableFuture<T> run(Invocation<T> invocation, Call<T> call) {
        if (!free.tryAcquire()) {
            return CompletableFuture.failedFuture(new NotAppliedException(
                    "client_busy",
                    call.operation().name() + ": not applied: too many calls of this client are under way",
                    List.of(),
                    null));
        }
        underWay.add(invocation);
        CompletableFuture<T> result = invocation.start();
        leaderWatch.callStarted();
        var unused = result.whenComplete((value, error) -> {
            underWay.remove(invocation);
            free.release();
        });
        if (closed) {
            invocation.end("closed", "the client is closed");
        }
        return result;
    }

    private <T> T await(Invocation<T> invocation, Call<T> call) {
        if (transport.answersOn(Thread.currentThread())) {
            throw new IllegalStateException(call.operation().name()
                    + ": not applied: a call that waits, on the thread that brings the answers. Use its form that answers with a"
                    + " future there, or a callbackExecutor with threads of its own.");
        }
        CompletableFuture<T> result = run(invocation, call);
        try {
            return result.get(call.options().deadline().toNanos() + TIMER_GRACE_NANOS, TimeUnit.NANOSECONDS);
        } catch (ExecutionException failed) {
            throw inCallersThread(failed.getCause());
        } catch (TimeoutException timerIsBlocked) {
            invocation.end(
                    "deadline", "no success within " + call.options().deadline().toMillis() + " ms");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            invocation.end("interrupted", "the calling thread was interrupted");
        }
        try {
            return result.join();
        } catch (CompletionException failed) {
            throw inCallersThread(failed.getCause());
        }
    }

    private static RuntimeException inCallersThread(@Nullable Throwable failure) {
        return failure instanceof BalsaException known
                ? known.inCallersThread()
                : new IllegalStateException("a call ended in an unforeseen way", failure);
    }

    @Override
    public void close() {
        closed = true;
        sender.stop();
        underWay.forEach(invocation -> invocation.end("closed", "the client was closed"));
        timer.shutdownNow();
        transport.close();
    }
}

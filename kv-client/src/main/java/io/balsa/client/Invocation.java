package io.balsa.client;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One call, from its first attempt to its end: chooses servers, follows redirects, repeats what may be repeated, and
 * ends at the deadline at the latest.
 *
 * <p>Events (an answer, the end of an attempt's time, the deadline, the caller's cancel) come on any thread. At most one
 * attempt is under way; an event about an earlier one is ignored. {@code result} is never completed under the lock,
 * since that runs the caller's code.
 */
final class Invocation<T> {
    /** Two servers that name each other as leader, during a change, must not be asked in a tight circle. */
    private static final int REDIRECTS_IN_A_ROW_MAX = 3;
    /** An attempt that may be repeated gets half of the time that is left, but not less than this. */
    private static final long ATTEMPT_MIN_NANOS = Duration.ofMillis(250).toNanos();

    private final Operation<T> operation;
    private final boolean repeatable;
    private final boolean wantsLeader;
    private final Endpoints endpoints;
    private final Sender sender;
    private final ScheduledExecutorService timer;
    private final Duration deadline;
    private final long endNanos;
    private final CompletableFuture<T> result = new CompletableFuture<>();

    // Guarded by this.
    private final Attempts attempts = new Attempts();
    private final Set<Endpoint> triedThisRound = new HashSet<>();
    private final Backoff backoff = new Backoff();
    private int redirectsInARow;
    private boolean maybeApplied;
    private @Nullable Endpoint asked;
    private long askedAtNanos;
    private HttpTransport.@Nullable Exchange exchange;
    private @Nullable ScheduledFuture<?> attemptTimer;
    private @Nullable ScheduledFuture<?> backoffTimer;

    Invocation(
            Operation<T> operation,
            CallOptions options,
            Endpoints endpoints,
            Sender sender,
            ScheduledExecutorService timer) {
        this.operation = operation;
        this.repeatable = operation.reads() || options.idempotencyKey() != null;
        this.wantsLeader = !operation.reads() || options.consistency() == Consistency.LEASE;
        this.endpoints = endpoints;
        this.sender = sender;
        this.timer = timer;
        this.deadline = options.deadline();
        this.endNanos = System.nanoTime() + deadline.toNanos();
    }

    CompletableFuture<T> start() {
        ScheduledFuture<?> deadlineTimer;
        try {
            deadlineTimer = timer.schedule(this::deadlinePassed, deadline.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closed) {
            fail("closed", "the client is closed", null);
            return result;
        }
        var unused = result.whenComplete((value, error) -> {
            deadlineTimer.cancel(false);
            release();
        });
        attempt(null);
        return result;
    }

    /** Ends the call if it has not ended: {@code closed}, {@code interrupted} or so, in {@code code}. */
    void end(String code, String why) {
        giveUpAttempt(underWay(), "no answer yet");
        fail(code, why, null);
    }

    /** The server that a call waits for. */
    record Waiting(Endpoint on, long sinceNanos) {}

    /** Null when it waits for none now, or is not free to choose among {@code among}. */
    synchronized @Nullable Waiting waiting(Endpoints among) {
        return exchange != null && asked != null && endpoints == among ? new Waiting(asked, askedAtNanos) : null;
    }

    /** {@code silent} does not answer, and {@code leader} says that it leads; {@code among} as above. */
    void leaveUnsent(Endpoints among, Endpoint silent, Endpoint leader) {
        HttpTransport.Exchange late = underWayAt(among, silent);
        if (late != null) {
            // Its end, unsent, starts the next attempt. If it is being sent at this moment it goes on.
            var unused = late.abortUnsent(left(leader));
        }
    }

    private static String left(Endpoint leader) {
        return "no answer, and " + leader + " leads now";
    }

    /**
     * The same for what was sent.
     *
     * @param led the silent one did, as far as was known; else a write that may not be repeated waits on for its redirect
     */
    void leave(Endpoints among, Endpoint silent, Endpoint leader, boolean led) {
        HttpTransport.Exchange late = underWayAt(among, silent);
        if (late != null && (led || repeatable)) {
            leave(late, leader);
        }
    }

    private synchronized HttpTransport.@Nullable Exchange underWayAt(Endpoints among, Endpoint endpoint) {
        return endpoints == among && endpoint.equals(asked) ? exchange : null;
    }

    private void leave(HttpTransport.Exchange late, Endpoint leader) {
        String why = left(leader);
        if (!giveUpAttempt(late, why)) {
            return;
        }
        if (repeatable || !maybeApplied()) {
            attempt(null);
        } else {
            fail("leader_changed", why, null);
        }
    }

    private void deadlinePassed() {
        end("deadline", "no success within " + deadline.toMillis() + " ms");
    }

    private void release() {
        HttpTransport.Exchange unfinished;
        synchronized (this) {
            unfinished = exchange;
            exchange = null;
            if (attemptTimer != null) {
                attemptTimer.cancel(false);
            }
            if (backoffTimer != null) {
                backoffTimer.cancel(false);
            }
        }
        if (unfinished != null) {
            unfinished.abort();
        }
    }

    private void attempt(@Nullable Endpoint redirectedTo) {
        Endpoint endpoint;
        HttpTransport.Exchange started;
        synchronized (this) {
            if (result.isDone()) {
                return;
            }
            endpoint = redirectedTo != null ? redirectedTo : endpoints.choose(wantsLeader, triedThisRound);
            if (endpoint == null) {
                pause(Duration.ZERO);
                return;
            }
            started = sender.open(endpoint, operation);
            asked = endpoint;
            askedAtNanos = System.nanoTime();
            exchange = started;
            if (repeatable) {
                long left = endNanos - System.nanoTime();
                long nanos = Math.max(left / 2, ATTEMPT_MIN_NANOS);
                attemptTimer = schedule(() -> attemptTooLong(started, nanos), nanos);
            }
        }
        Endpoint target = endpoint;
        var unused = started.reply().whenComplete((reply, error) -> answered(started, target, reply, error));
        // Not under the lock: this may send other calls' operations too, and run the code of those that fail at once.
        started.start();
    }

    /** Null when the client is closing: then this call is about to be ended anyway. */
    private @Nullable ScheduledFuture<?> schedule(Runnable task, long nanos) {
        try {
            return timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closed) {
            return null;
        }
    }

    private synchronized void pause(Duration serverWish) {
        redirectsInARow = 0;
        triedThisRound.clear();
        if (!result.isDone()) {
            backoffTimer = schedule(() -> attempt(null), backoff.nextNanos(serverWish));
        }
    }

    private void attemptTooLong(HttpTransport.Exchange late, long nanos) {
        if (giveUpAttempt(late, "no answer within " + TimeUnit.NANOSECONDS.toMillis(nanos) + " ms")) {
            attempt(null);
        }
    }

    private synchronized HttpTransport.@Nullable Exchange underWay() {
        return exchange;
    }

    /** By an attempt that has ended. */
    private synchronized boolean maybeApplied() {
        return maybeApplied;
    }

    /**
     * Notes this attempt as one that was not answered; false when it is not under way. Gives it up outside the lock,
     * since that may send other calls' operations; until that has shown whether this one was sent, it counts as sent.
     */
    private boolean giveUpAttempt(HttpTransport.@Nullable Exchange late, String why) {
        Endpoint endpoint;
        boolean before;
        synchronized (this) {
            endpoint = asked;
            if (late == null || exchange != late || endpoint == null) {
                return false;
            }
            exchange = null;
            before = maybeApplied;
            attempts.addGivenUp(endpoint, why);
            noteUnserved(endpoint, true);
        }
        late.abort();
        if (!late.maybeSent()) {
            synchronized (this) {
                maybeApplied = before;
                attempts.amend(endpoint, why, "no connection yet");
            }
        }
        return true;
    }

    private synchronized void noteFailure(Endpoint endpoint, String error, boolean unknown) {
        attempts.add(endpoint, error);
        noteUnserved(endpoint, unknown);
    }

    private synchronized void noteUnserved(Endpoint endpoint, boolean unknown) {
        maybeApplied |= unknown && !operation.reads();
        triedThisRound.add(endpoint);
        endpoints.failed(endpoint);
    }

    private void answered(
            HttpTransport.Exchange of,
            Endpoint endpoint,
            HttpTransport.@Nullable Reply reply,
            @Nullable Throwable error) {
        synchronized (this) {
            if (exchange != of) {
                return;
            }
            exchange = null;
            if (attemptTimer != null) {
                attemptTimer.cancel(false);
            }
        }
        if (reply == null) {
            unanswered(endpoint, unwrap(error));
            return;
        }
        endpoints.heardFrom(endpoint);
        Verdict verdict = Verdict.of(reply);
        if (verdict instanceof Verdict.Done done) {
            if (!operation.reads()) {
                endpoints.leaderIs(endpoint);
            }
            succeed(endpoint, done.reply());
        } else if (verdict instanceof Verdict.Elsewhere elsewhere) {
            redirected(endpoint, elsewhere.leader());
        } else if (verdict instanceof Verdict.Refused refused) {
            refused(endpoint, reply, refused);
        } else if (verdict instanceof Verdict.Unknown unknown) {
            noteFailure(endpoint, unknown.text(), true);
            if (repeatable) {
                pause(Duration.ZERO);
            } else {
                fail(unknown.code(), unknown.text(), null);
            }
        }
    }

    private void unanswered(Endpoint endpoint, TransportException failure) {
        noteFailure(endpoint, OneLine.of(String.valueOf(failure.getMessage())), failure.maybeSent());
        if (repeatable || !failure.maybeSent()) {
            attempt(null);
        } else {
            fail("no_answer", "the connection failed before the answer", failure);
        }
    }

    private void redirected(Endpoint endpoint, Endpoint leader) {
        boolean follow;
        synchronized (this) {
            attempts.add(endpoint, "redirected to " + leader);
            follow = ++redirectsInARow <= REDIRECTS_IN_A_ROW_MAX && !triedThisRound.contains(leader);
            if (follow) {
                endpoints.leaderIs(leader);
            } else {
                endpoints.forgetLeader();
            }
        }
        if (follow) {
            attempt(leader);
        } else {
            pause(Duration.ZERO);
        }
    }

    private void refused(Endpoint endpoint, HttpTransport.Reply reply, Verdict.Refused refused) {
        String code = refused.problem().code();
        if (operation.absenceIsAnAnswer() && code.equals("key_not_found")) {
            succeed(endpoint, reply);
            return;
        }
        boolean busy = reply.status() == 429;
        synchronized (this) {
            attempts.add(endpoint, refused.text());
            if (refused.retryable() && !busy) {
                endpoints.failed(endpoint);
            }
            if (refused.leader() != null && !refused.leader().equals(endpoint)) {
                endpoints.leaderIs(refused.leader());
            }
        }
        if (refused.retryable()) {
            // Retry-After says a second at least: right for a busy server, ten times too long for an election.
            pause(busy ? refused.delay() : Duration.ZERO);
        } else if (code.equals("precondition_failed")) {
            // Final even after an attempt of unknown outcome: only a call with an idempotency key comes here twice,
            // and the server would have answered with the first attempt's outcome.
            PreconditionFailedException failure;
            synchronized (this) {
                failure = new PreconditionFailedException(
                        message("the condition failed", refused.text()),
                        attempts.list(),
                        refused.problem().modRevision(),
                        null);
            }
            result.completeExceptionally(failure);
        } else if (code.equals("space_quota") && !maybeApplied()) {
            noRoom(refused);
        } else {
            fail(code.isEmpty() ? "http_" + reply.status() : code, refused.text(), null);
        }
    }

    private void noRoom(Verdict.Refused refused) {
        Problem problem = refused.problem();
        SpaceQuotaException failure;
        synchronized (this) {
            failure = new SpaceQuotaException(
                    message("not applied", refused.text()), attempts.list(), problem.limit(), problem.actual(), null);
        }
        result.completeExceptionally(failure);
    }

    private void succeed(Endpoint endpoint, HttpTransport.Reply reply) {
        T value;
        try {
            value = operation.decoder().decode(reply);
        } catch (IOException | RuntimeException malformed) {
            noteFailure(endpoint, reply.status() + " with an answer that cannot be read", true);
            fail("bad_answer", String.valueOf(malformed.getMessage()), malformed);
            return;
        }
        result.complete(value);
    }

    private void fail(String code, String why, @Nullable Throwable cause) {
        BalsaException failure;
        synchronized (this) {
            failure = maybeApplied
                    ? new UnknownOutcomeException(code, message("outcome unknown", why), attempts.list(), cause)
                    : new NotAppliedException(
                            code, message(operation.reads() ? "failed" : "not applied", why), attempts.list(), cause);
        }
        result.completeExceptionally(failure);
    }

    private String message(String outcome, String why) {
        return operation.name() + ": " + outcome + ": " + OneLine.of(why) + attempts;
    }

    private static TransportException unwrap(@Nullable Throwable error) {
        Throwable cause = error instanceof CompletionException ? error.getCause() : error;
        if (cause instanceof TransportException failure) {
            return failure;
        }
        String text = cause instanceof CancellationException ? "cancelled" : String.valueOf(cause);
        return new TransportException(text, true, cause);
    }
}

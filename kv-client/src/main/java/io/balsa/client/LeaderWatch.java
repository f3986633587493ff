package io.balsa.client;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Looks after calls whose server has fallen silent: one that was stopped or cut off keeps its connections, so nothing
 * fails, while the others have elected another leader. They are asked, and once one of them says that it leads, the
 * calls stop waiting. A server that is only slow, and still leads, is waited for. Thread-safe.
 */
final class LeaderWatch {
    /** Longer than a commit or a pause for garbage as a rule, shorter than an election. */
    private static final Duration SILENCE = Duration.ofMillis(100);

    private static final Duration EVERY = Duration.ofMillis(25);
    private static final Duration ANSWER_MAX = Duration.ofMillis(100);

    private static final RequestTarget STATUS = RequestTarget.path("/v1/status");

    private final Endpoints endpoints;
    private final HttpTransport transport;
    private final Set<Invocation<?>> underWay;
    private final Calls.Guard timer;
    private final AtomicBoolean armed = new AtomicBoolean();
    /** The silent servers about which the others are being asked. */
    private final Set<Endpoint> asking = ConcurrentHashMap.newKeySet();

    /** @param underWay the calls, as they come and go */
    LeaderWatch(Endpoints endpoints, HttpTransport transport, Set<Invocation<?>> underWay, Calls.Guard timer) {
        this.endpoints = endpoints;
        this.transport = transport;
        this.underWay = underWay;
        this.timer = timer;
    }

    /** A call is under way; from now on there is something to look after, until there is none. */
    void callStarted() {
        if (endpoints.areSeveral() && !armed.get() && armed.compareAndSet(false, true)) {
            timer.arm(EVERY, this::look);
        }
    }

    private void look() {
        armed.set(false);
        if (underWay.isEmpty()) {
            return;
        }
        Map<Endpoint, Long> waitingSince = new HashMap<>();
        for (Invocation<?> call : underWay) {
            Invocation.Waiting waiting = call.waiting(endpoints);
            if (waiting != null) {
                waitingSince.merge(waiting.on(), waiting.sinceNanos(), LeaderWatch::earlier);
            }
        }
        long now = System.nanoTime();
        waitingSince.forEach((endpoint, since) -> {
            if (now - since > SILENCE.toNanos() && endpoints.silentNanos(endpoint, now) > SILENCE.toNanos()) {
                askOthersAbout(endpoint);
            }
        });
        callStarted();
    }

    private static long earlier(long one, long other) {
        return one - other < 0 ? one : other;
    }

    private void askOthersAbout(Endpoint silent) {
        if (!asking.add(silent)) {
            return;
        }
        List<CompletableFuture<?>> asked = new ArrayList<>();
        for (Endpoint other : endpoints.othersThan(silent)) {
            HttpTransport.Exchange question = transport.open(other, Operation.getRequest(STATUS));
            Runnable disarm = timer.arm(ANSWER_MAX, question::abort);
            asked.add(question.reply().handle((reply, failure) -> {
                disarm.run();
                if (reply != null && leads(reply)) {
                    moveFrom(silent, other);
                }
                return null;
            }));
            question.start();
        }
        var unused = CompletableFuture.allOf(asked.toArray(new CompletableFuture<?>[0]))
                .whenComplete((nothing, failure) -> asking.remove(silent));
    }

    private static boolean leads(HttpTransport.@Nullable Reply reply) {
        try {
            return reply != null
                    && reply.status() == 200
                    && StatusAnswers.server(reply).role().equals("leader");
        } catch (IOException notAStatus) {
            return false;
        }
    }

    private void moveFrom(Endpoint silent, Endpoint leader) {
        // A server that never led is only slow to say where the leader is, and applies nothing by itself.
        boolean led = silent.equals(endpoints.leader());
        endpoints.failed(silent);
        endpoints.leaderIs(leader);
        // First what was not sent yet: the end of what was sent would send it to the silent server.
        underWay.forEach(call -> call.leaveUnsent(endpoints, silent, leader));
        underWay.forEach(call -> call.leave(endpoints, silent, leader, led));
    }
}

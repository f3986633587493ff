package io.balsa.client;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The operations of one {@link BatchForm.Queue} for one server. While a request is under way the next ones wait here, and
 * then go together; whoever finds nothing under way goes at once, by itself, by its single route. Nothing is held back
 * to wait for company. Thread-safe.
 *
 * <p>The queue is bounded by the client's bound on calls.
 */
final class BatchLane {
    static final int OPERATIONS_MAX = 512;
    /** Below what the servers take, 1.5 MiB; an operation that is larger goes by itself. */
    static final int BYTES_MAX = 1 << 20;

    /** More under way at a time made smaller batches and, on busy machines, fewer operations a second. */
    static final int REQUESTS_MAX = 1;

    /** A request that takes longer does not hold up the next one: its connection may be dead, or its server. */
    static final Duration REQUEST_MAX = Duration.ofSeconds(2);
    /** Callers' code that is attached to the futures of one batch and takes longer is not waited for. */
    private static final Duration DELIVERY_MAX = Duration.ofMillis(5);

    private final Endpoint endpoint;
    private final BatchForm.Queue queue;
    private final HttpTransport transport;
    private final Calls.Guard guard;
    private final BooleanSupplier stopped;

    // Guarded by this.
    private final Deque<BatchedExchange> waiting = new ArrayDeque<>();
    private int requests;
    private boolean sending;
    /** The server does not know batches. */
    private boolean onlyAlone;

    BatchLane(
            Endpoint endpoint,
            BatchForm.Queue queue,
            HttpTransport transport,
            Calls.Guard guard,
            BooleanSupplier stopped) {
        this.endpoint = endpoint;
        this.queue = queue;
        this.transport = transport;
        this.guard = guard;
        this.stopped = stopped;
    }

    void enter(BatchedExchange exchange) {
        synchronized (this) {
            waiting.add(exchange);
        }
        sendWhatMayGo();
    }

    /** Sends until nothing waits or enough is under way. One thread at a time; the others leave it to that one. */
    private void sendWhatMayGo() {
        synchronized (this) {
            if (sending) {
                return;
            }
            sending = true;
        }
        while (true) {
            List<BatchedExchange> next;
            synchronized (this) {
                next = take();
                if (next.isEmpty()) {
                    sending = false;
                    return;
                }
                requests++;
            }
            if (next.size() == 1) {
                sendAlone(next.get(0), new Slot());
            } else {
                new SentBatch(next, new Slot()).send();
            }
        }
    }

    private synchronized List<BatchedExchange> take() {
        List<BatchedExchange> taken = List.of();
        if (stopped.getAsBoolean() || (requests >= REQUESTS_MAX && !onlyAlone)) {
            return taken;
        }
        int operationsMax = onlyAlone ? 1 : OPERATIONS_MAX;
        long bytes = 0;
        BatchedExchange first;
        while (taken.size() < operationsMax && (first = waiting.peek()) != null) {
            int more = first.form.bytesMax();
            if (!taken.isEmpty() && bytes + more > BYTES_MAX) {
                break;
            }
            waiting.remove();
            if (first.isGivenUp()) {
                continue;
            }
            bytes += more;
            taken = taken.isEmpty() ? new ArrayList<>() : taken;
            taken.add(first);
        }
        return taken;
    }

    private void sendAlone(BatchedExchange exchange, @Nullable Slot slot) {
        HttpTransport.Exchange request =
                transport.open(endpoint, exchange.operation.request().get());
        if (!exchange.goesAlone(request)) {
            request.abort();
        }
        var unused = request.reply().whenComplete((reply, failure) -> {
            if (slot != null) {
                slot.giveBack();
            }
            exchange.end(reply, failure);
        });
        if (slot != null) {
            slot.endsWithin(REQUEST_MAX);
        }
        request.start();
    }

    private void requestEnded() {
        synchronized (this) {
            requests--;
        }
        sendWhatMayGo();
    }

    /** The right to have one request under way. It is given back once, by itself when that takes too long. */
    private final class Slot {
        private Runnable disarm = () -> {};
        private boolean givenBack;

        synchronized void endsWithin(Duration time) {
            disarm.run();
            disarm = givenBack ? disarm : guard.arm(time, this::giveBack);
        }

        void giveBack() {
            synchronized (this) {
                disarm.run();
                if (givenBack) {
                    return;
                }
                givenBack = true;
            }
            requestEnded();
        }
    }

    private synchronized void doesNotKnowBatches() {
        onlyAlone = true;
    }

    private void waitAgain(List<BatchedExchange> left) {
        synchronized (this) {
            for (int i = left.size() - 1; i >= 0; i--) {
                left.get(i).waits();
                waiting.addFirst(left.get(i));
            }
        }
    }

    /** Several operations in one request. */
    private final class SentBatch implements BatchedExchange.Carrier {
        private final List<BatchedExchange> operations;
        private final Slot slot;
        private HttpTransport.@Nullable Exchange request;

        // Guarded by this.
        private int left;
        /** Those in the request's body, in their order; made when the connection stands. */
        private List<BatchedExchange> written = List.of();

        SentBatch(List<BatchedExchange> operations, Slot slot) {
            this.operations = operations;
            this.slot = slot;
            this.left = operations.size();
        }

        void send() {
            HttpTransport.Exchange opened = transport.open(endpoint, BatchRequest.of(queue, operations, this::body));
            request = opened;
            for (BatchedExchange operation : operations) {
                if (!operation.goesWith(this)) {
                    abandoned();
                }
            }
            var unused = opened.reply().whenComplete(this::answered);
            slot.endsWithin(REQUEST_MAX);
            opened.start();
        }

        private byte[] body() {
            List<BatchedExchange> alive = new ArrayList<>(operations.size());
            byte[] body = BatchRequest.body(operations, alive);
            synchronized (this) {
                written = alive;
            }
            return body;
        }

        @Override
        public void abandoned() {
            synchronized (this) {
                left--;
                if (left > 0) {
                    return;
                }
            }
            if (request != null) {
                request.abort();
            }
        }

        private synchronized List<BatchedExchange> written() {
            return written;
        }

        private void answered(HttpTransport.@Nullable Reply reply, @Nullable Throwable failure) {
            // What starts from the callers' own code now waits, and goes together at the end.
            slot.endsWithin(DELIVERY_MAX);
            try {
                deliver(reply, failure);
            } finally {
                slot.giveBack();
            }
        }

        private void deliver(HttpTransport.@Nullable Reply reply, @Nullable Throwable failure) {
            if (reply == null) {
                operations.forEach(operation -> operation.end(null, failure));
            } else if (reply.status() == 200) {
                deliver(BatchAnswer.of(reply, written().size()));
            } else if (isRefusedAsABatch(reply.status())) {
                operations.forEach(operation -> sendAlone(operation, null));
            } else {
                operations.forEach(operation -> operation.end(reply, null));
            }
        }

        private void deliver(List<HttpTransport.Reply> replies) {
            List<BatchedExchange> again = new ArrayList<>();
            List<BatchedExchange> asked = written();
            for (int i = 0; i < asked.size(); i++) {
                if (BatchAnswer.isToBeAskedAgain(replies.get(i))) {
                    again.add(asked.get(i));
                } else {
                    asked.get(i).end(replies.get(i), null);
                }
            }
            waitAgain(again);
        }

        /** By an older server, or by something between that is stricter: nothing of it was done. */
        private boolean isRefusedAsABatch(int status) {
            if (status == 404 || status == 405) {
                doesNotKnowBatches();
            }
            return status >= 400 && status < 500 && status != 408 && status != 429;
        }
    }
}

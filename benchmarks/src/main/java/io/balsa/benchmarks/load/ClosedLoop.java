package io.balsa.benchmarks.load;

import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * N clients, each of which starts its next operation on the thread that brought the answer to its last: no hand-over, so
 * that the generator takes as little as it can from the cores that it shares with the servers.
 */
public final class ClosedLoop implements LoadGenerator {
    private static final long PAUSE_AFTER_FAILURE_MILLIS = 1;
    private static final long WATCH_INTERVAL_MILLIS = 20;
    private static final long DRAIN_SECONDS = 5;
    private static final long SEED = 42;

    private final Driver driver;
    private final Load load;
    private final Recording recording;
    private final Client[] clients;
    private final CountDownLatch ended;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "load-timer");
        thread.setDaemon(true);
        return thread;
    });
    private volatile boolean stopping;

    public ClosedLoop(Driver driver, Load load, Acks acks) {
        this.driver = driver;
        this.load = load;
        this.recording = new Recording(acks);
        this.clients = new Client[load.clients()];
        this.ended = new CountDownLatch(load.clients());
        SplittableRandom seeds = new SplittableRandom(SEED);
        for (int i = 0; i < clients.length; i++) {
            clients[i] = new Client(i, seeds.split());
        }
    }

    @Override
    public LoadResult run(Window window) throws InterruptedException {
        start();
        try {
            Thread.sleep(load.warmUp().toMillis());
            window.begins();
            recording.begin();
            Thread.sleep(load.measured().toMillis());
            Recording.Recorded recorded = recording.end();
            window.ends();
            long operations = Math.max(1, recorded.histogram().getTotalCount());
            long paceNanos = (long) (recorded.seconds() * 1e9 * load.clients() / operations);
            return recorded.with(Latencies.ofClosedLoop(recorded.histogram(), paceNanos));
        } finally {
            stop();
        }
    }

    /** Starts all clients; for a caller that wants the load to go on until {@link #stop}. */
    @SuppressWarnings("FutureReturnValueIgnored") // It runs until the timer is shut down.
    public void start() {
        for (Client client : clients) {
            client.next();
        }
        timer.scheduleAtFixedRate(
                this::giveUpLate, WATCH_INTERVAL_MILLIS, WATCH_INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Starts nothing more and waits a few seconds for what is in flight. */
    public void stop() throws InterruptedException {
        stopping = true;
        ended.await(DRAIN_SECONDS, TimeUnit.SECONDS);
        timer.shutdownNow();
    }

    private void giveUpLate() {
        long oldest = System.nanoTime() - load.operationTimeout().toNanos();
        for (Client client : clients) {
            Call call = client.call;
            if (call != null && call.startedNanos - oldest < 0) {
                call.lost();
            }
        }
    }

    private final class Client implements Runnable {
        final int number;
        final SplittableRandom random;
        volatile @Nullable Call call;

        Client(int number, SplittableRandom random) {
            this.number = number;
            this.random = random;
        }

        @Override
        public void run() {
            next();
        }

        void next() {
            if (stopping) {
                call = null;
                ended.countDown();
                return;
            }
            Kind kind = load.workload().draw(random);
            Call next = new Call(this, System.nanoTime());
            call = next;
            driver.start(number, kind, random.nextLong(load.keys()), next);
        }
    }

    /** One operation; the flag says that it has ended, by its answer or by the clock, whichever came first. */
    private final class Call extends AtomicBoolean implements Completion {
        private static final long serialVersionUID = 1L;

        final transient Client client;
        final long startedNanos;

        Call(Client client, long startedNanos) {
            this.client = client;
            this.startedNanos = startedNanos;
        }

        @Override
        public void done() {
            if (compareAndSet(false, true)) {
                recording.done(client.number, startedNanos);
                client.next();
            } else {
                recording.late(client.number);
            }
        }

        @Override
        public void conflict() {
            if (compareAndSet(false, true)) {
                recording.conflict(startedNanos);
                client.next();
            }
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // The timer outlives the clients.
        public void failed(String why) {
            if (compareAndSet(false, true)) {
                recording.failed(why);
                if (stopping) {
                    client.next();
                } else {
                    timer.schedule(client, PAUSE_AFTER_FAILURE_MILLIS, TimeUnit.MILLISECONDS);
                }
            }
        }

        void lost() {
            if (compareAndSet(false, true)) {
                recording.lost(
                        startedNanos, "no answer in " + load.operationTimeout().toMillis() + " ms");
                client.next();
            }
        }
    }
}

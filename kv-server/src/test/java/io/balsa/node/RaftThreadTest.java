package io.balsa.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.balsa.kv.Command;
import io.balsa.kv.CommandCodec;
import io.balsa.kv.Key;
import io.balsa.kv.KvStateMachine;
import io.balsa.kv.MemoryState;
import io.balsa.kv.Precondition;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server of one, which elects itself, on a thread that has other work too. */
@Timeout(20)
final class RaftThreadTest {
    private static final NodeId SELF = new NodeId(1);
    private static final long TIMEOUT_MILLIS = 10_000;

    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
    private final MemoryLog log = new MemoryLog();
    private final AtomicInteger turns = new AtomicInteger();
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private final RaftThread thread = new RaftThread(loop(), executor, 4, 4, failure::complete);

    private RaftLoop loop() {
        Observer observer = new Observer() {
            @Override
            public void turn(long nanos, int inputs) {
                turns.incrementAndGet();
            }
        };
        return TestLoop.of(new KvStateMachine(new MemoryState()), log, envelopes -> {}, observer, SELF);
    }

    @AfterEach
    void end() {
        executor.shutdownNow();
    }

    private void startAndLead() {
        thread.start();
        await().until(() -> thread.status().isLeader());
    }

    private CompletableFuture<WriteResult> write() {
        Key key = Key.of("key");
        ByteBuffer value = ByteBuffer.wrap(new byte[] {1});
        CompletableFuture<WriteResult> result = new CompletableFuture<>();
        thread.write(
                CommandCodec.encode(new Command.Put(key, value, Precondition.NONE, false)),
                TIMEOUT_MILLIS,
                result::complete);
        return result;
    }

    /** Not join(): what hangs must fail here. */
    private static <T> T get(CompletableFuture<T> future) {
        return future.orTimeout(5, TimeUnit.SECONDS).join();
    }

    private CompletableFuture<Void> block() throws InterruptedException {
        CompletableFuture<Void> go = new CompletableFuture<>();
        CountDownLatch blocked = new CountDownLatch(1);
        executor.execute(() -> {
            blocked.countDown();
            go.join();
        });
        blocked.await();
        return go;
    }

    private static void pause(long millis) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    @Test
    void aWriteHasTwoTurnsAndWaitsForNoTick() {
        startAndLead();
        int before = turns.get();
        long start = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            assertThat(get(write())).isInstanceOf(WriteResult.Applied.class);
        }
        long ticks = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) / Timeouts.TICK_MILLIS;
        assertThat(turns.get() - before - ticks).isBetween(2 * 200L - 50, 2 * 200L + 2);
    }

    @Test
    void whatComesDuringATurnIsOneTurn() throws InterruptedException {
        startAndLead();
        CompletableFuture<Void> go = block();
        List<CompletableFuture<WriteResult>> writes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            writes.add(write());
        }
        int before = turns.get();
        assertThat(get(write()))
                .isInstanceOfSatisfying(
                        WriteResult.NotApplied.class,
                        refused -> assertThat(refused.reason()).isEqualTo(Refusal.BUSY));
        go.complete(null);
        writes.forEach(RaftThreadTest::get);
        assertThat(turns.get() - before).isLessThanOrEqualTo(4);
    }

    /** A server that stood still must not believe, all at once, that nobody has spoken to it for so many ticks. */
    @Test
    void afterAPauseOneTickIsLateAndNotAHundred() throws InterruptedException {
        startAndLead();
        CompletableFuture<Void> go = block();
        pause(1_000);
        int before = turns.get();
        go.complete(null);
        pause(100);
        assertThat(turns.get() - before).isBetween(3, 30);
    }

    @Test
    void afterAFailureNoTurnFollows() throws InterruptedException {
        startAndLead();
        log.failure = new StorageException("the disk has failed");
        CompletableFuture<WriteResult> lost = write();
        assertThat(get(failure)).isSameAs(log.failure);
        int before = turns.get();
        pause(100);
        assertThat(turns.get()).isEqualTo(before);
        assertThat(lost).as("the process is halted").isNotDone();
        thread.close();
    }

    /** The executor would log it and go on, and no tick would ever follow. */
    @Test
    void aBugBetweenTurnsIsToldToo() throws InterruptedException {
        startAndLead();
        log.bug = new AssertionError("in the status");
        assertThat(get(failure)).isSameAs(log.bug);
        thread.close();
    }

    @Test
    void whenTheStoreIsDamagedWhatWaitsIsAnswered() throws InterruptedException {
        startAndLead();
        log.failure = new DamagedStoreException("a bit has flipped");
        assertThat(get(write())).isInstanceOf(WriteResult.Unknown.class);
        assertThat(get(failure)).isSameAs(log.failure);
        CompletableFuture<WriteResult> after = write();
        thread.close();
        assertThat(get(after))
                .isInstanceOfSatisfying(
                        WriteResult.NotApplied.class,
                        refused -> assertThat(refused.reason()).isEqualTo(Refusal.STOPPING));
    }

    @Test
    void theEndAnswersWhatWaitsAndRefusesTheRest() throws Exception {
        startAndLead();
        CompletableFuture<Void> go = block();
        CompletableFuture<WriteResult> waiting = write();
        CompletableFuture<Void> closed = CompletableFuture.runAsync(() -> {
            try {
                thread.close();
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
        });
        await().until(() -> write().getNow(null) instanceof WriteResult.NotApplied);
        go.complete(null);
        closed.get(5, TimeUnit.SECONDS);
        assertThat(get(waiting)).isNotNull();
        int before = turns.get();
        pause(50);
        assertThat(turns.get()).as("ticks").isEqualTo(before);
    }
}

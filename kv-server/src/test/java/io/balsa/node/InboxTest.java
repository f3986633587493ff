package io.balsa.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What should be taken at once and is not comes after a minute, which is too late here. */
@Timeout(20)
class InboxTest {
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long SHORT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long SETTLED = 7;
    private static final Input INPUT = loop -> {};
    private static final Input ACKNOWLEDGEMENT = loop -> {};

    private final Inbox inbox = new Inbox(2, 2);
    private final ExecutorService taker = Executors.newSingleThreadExecutor();
    private volatile List<Input> lastTaken = List.of();

    @AfterEach
    void endTheTaker() {
        taker.shutdownNow();
    }

    @Test
    void anInputEndsTheWait() {
        CompletableFuture<List<Input>> taken = take(LONG_NANOS);
        inbox.message(INPUT);
        assertThat(taken.join()).containsExactly(INPUT);
    }

    @Test
    void anAcknowledgementThatIsNewsEndsTheWait() {
        CompletableFuture<List<Input>> taken = take(LONG_NANOS);
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED + 1);
        assertThat(taken.join()).containsExactly(ACKNOWLEDGEMENT);
    }

    @Test
    void anAcknowledgementOfWhatIsSettledComesWithTheNextInput() {
        CompletableFuture<List<Input>> taken = take(LONG_NANOS);
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        assertThat(taken.completeOnTimeout(List.of(), 100, TimeUnit.MILLISECONDS)
                        .join())
                .isEmpty();
        inbox.request(INPUT);
        await().until(() -> lastTaken.size() == 2);
        assertThat(lastTaken).containsExactly(ACKNOWLEDGEMENT, INPUT);
    }

    @Test
    void anAcknowledgementOfWhatIsSettledComesAtTheEndOfTheWait() {
        CompletableFuture<List<Input>> taken = take(SHORT_NANOS);
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        assertThat(taken.join()).containsExactly(ACKNOWLEDGEMENT);
    }

    @Test
    void newsThatIsThereAlreadyIsNotWaitedFor() throws InterruptedException {
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED + 1);
        assertThat(inbox.take(LONG_NANOS, SETTLED)).containsExactly(ACKNOWLEDGEMENT, ACKNOWLEDGEMENT);
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        inbox.request(INPUT);
        assertThat(inbox.take(LONG_NANOS, SETTLED)).containsExactly(ACKNOWLEDGEMENT, INPUT);
        inbox.request(INPUT);
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        assertThat(inbox.take(LONG_NANOS, SETTLED)).containsExactly(INPUT, ACKNOWLEDGEMENT);
    }

    @Test
    void anAcknowledgementThatTurnsOutToBeNoNewsIsNoReasonForATurn() throws InterruptedException {
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        CompletableFuture<List<Input>> taken = take(LONG_NANOS);
        assertThat(taken).isNotDone();
        inbox.message(INPUT);
        assertThat(taken.join()).containsExactly(ACKNOWLEDGEMENT, INPUT);
    }

    @Test
    void whereNothingIsSettledAllAreNews() throws InterruptedException {
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        assertThat(inbox.take(LONG_NANOS, -1)).containsExactly(ACKNOWLEDGEMENT);
    }

    @Test
    void acknowledgementsAreBoundedToo() {
        assertThat(inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED)).isTrue();
        assertThat(inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED)).isTrue();
        assertThat(inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED)).isFalse();
    }

    /** Returns when the taker waits. */
    private CompletableFuture<List<Input>> take(long nanos) {
        CompletableFuture<List<Input>> taken = new CompletableFuture<>();
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        taker.execute(() -> {
            thread.complete(Thread.currentThread());
            try {
                lastTaken = inbox.take(nanos, SETTLED);
                taken.complete(lastTaken);
            } catch (InterruptedException ended) {
                taken.completeExceptionally(ended);
            }
        });
        await().pollInterval(1, TimeUnit.MILLISECONDS)
                .until(() -> thread.join().getState() == Thread.State.TIMED_WAITING || taken.isDone());
        return taken;
    }
}

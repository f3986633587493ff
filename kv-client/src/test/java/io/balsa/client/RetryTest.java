package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.balsa.client.FakeServer.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is repeated, what is not, and where the next attempt goes. */
final class RetryTest {
    private static final String NO_ROOM = """
            {"status":507,"code":"space_quota","outcome":"not_applied","retryable":false,"limit":100,"actual":120}""";

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable resource : opened) {
            resource.close();
        }
    }

    @Test
    void writeFollowsTheRedirectWithMethodBodyAndConditionAndRemembersTheLeader() throws Exception {
        FakeServer leader = server(request -> Answer.written(57));
        FakeServer follower = server(request -> Answer.redirect(leader.url() + request.target()));
        BalsaClient client = client(follower.url());
        client.compareAndSet("k", "first", 3);
        client.put("k", "second");
        assertThat(follower.seen()).hasSize(1);
        assertThat(leader.seen()).extracting(FakeServer.Seen::body).containsExactly("first", "second");
        assertThat(leader.seen().get(0).method()).isEqualTo("PUT");
        assertThat(leader.seen().get(0).header("If-Match")).isEqualTo("\"3\"");
    }

    @Test
    void readByLeaseGoesToTheLeaderThatAWriteHasShownAndOthersDoNot() throws Exception {
        FakeServer leader = server(
                request -> request.method().equals("PUT") ? Answer.written(57) : Answer.found("k", "leader's", 57));
        FakeServer follower = server(request -> request.method().equals("PUT")
                ? Answer.redirect(leader.url() + request.target())
                : Answer.found("k", "follower's", 57));
        BalsaClient client = client(follower.url());
        client.put("k", "v");
        assertThat(client.get("k").orElseThrow().valueText()).isEqualTo("follower's");
        assertThat(client.get("k", CallOption.consistency(Consistency.LEASE))
                        .orElseThrow()
                        .valueText())
                .isEqualTo("leader's");
    }

    @Test
    void aWriteWithoutRoomIsNotRepeatedAndSaysWhy() throws Exception {
        FakeServer full = server(request -> Answer.json(507, NO_ROOM));
        SpaceQuotaException failure = catchThrowableOfType(
                SpaceQuotaException.class, () -> client(full.url()).put("k", "v"));
        assertThat(failure.code()).isEqualTo("space_quota");
        assertThat(failure).hasMessageContaining("not applied");
        assertThat(failure.limit()).isEqualTo(100);
        assertThat(failure.actual()).isEqualTo(120);
        assertThat(full.seen()).hasSize(1);
    }

    @Test
    void aWriteThatMayHaveBeenAppliedBeforeThereWasNoRoomIsUnknown() throws Exception {
        AtomicInteger count = new AtomicInteger();
        FakeServer full = server(request -> count.getAndIncrement() == 0 ? Answer.drop() : Answer.json(507, NO_ROOM));
        UnknownOutcomeException failure = catchThrowableOfType(
                UnknownOutcomeException.class, () -> client(full.url()).put("k", "v", CallOption.exactlyOnce()));
        assertThat(failure.code()).isEqualTo("space_quota");
        assertThat(full.seen()).hasSize(2);
    }

    @Test
    void leaderThatDiedIsForgottenAndTheNextOneFound() throws Exception {
        FakeServer next = server(request -> Answer.written(58));
        FakeServer old = server(request -> Answer.written(57));
        FakeServer follower = server(request -> Answer.redirect(old.url() + request.target()));
        BalsaClient client = client(follower.url());
        assertThat(client.put("k", "v").modRevision()).isEqualTo(57);
        old.close();
        follower.script(request -> Answer.redirect(next.url() + request.target()));
        // Idempotent, since the connection may die after the request left.
        assertThat(client.put("k", "v", CallOption.exactlyOnce()).modRevision()).isEqualTo(58);
        assertThat(client.put("k", "v").modRevision()).isEqualTo(58);
        assertThat(follower.seen()).hasSize(2);
    }

    @Test
    void leaderThatIsNoLeaderAnyMoreIsForgotten() throws Exception {
        FakeServer old = server(request -> Answer.written(57));
        FakeServer follower = server(request -> Answer.redirect(old.url() + request.target()));
        BalsaClient client = client(follower.url());
        client.put("k", "v");
        old.script(request -> Answer.problem(503, "no_leader", "not_applied", true));
        follower.script(request -> Answer.written(58));
        assertThat(client.put("k", "v").modRevision()).isEqualTo(58);
        assertThat(old.seen()).hasSize(2);
    }

    @Test
    void serversThatNameEachOtherAreNotAskedInATightCircle() throws Exception {
        FakeServer one = server(request -> Answer.written(1));
        FakeServer two = server(request -> Answer.redirect(one.url() + request.target()));
        one.script(request -> Answer.redirect(two.url() + request.target()));
        BalsaClient client = client(one.url(), two.url());
        assertThatThrownBy(() -> client.put("k", "v", CallOption.deadline(Duration.ofMillis(700))))
                .isInstanceOf(BalsaException.class)
                .hasMessageContaining("redirected to");
        assertThat(one.seen().size() + two.seen().size()).isBetween(5, 60);
    }

    @Test
    void refusedConnectionGoesToTheNextEndpoint() throws Exception {
        FakeServer alive = server(request -> Answer.written(57));
        for (int i = 0; i < 6; i++) {
            // A fresh client each time: the first endpoint is chosen at random.
            BalsaClient client = client(FakeServer.refusedUrl(), FakeServer.refusedUrl(), alive.url());
            assertThat(client.put("k", "v").modRevision()).isEqualTo(57);
        }
        assertThat(alive.seen()).hasSize(6);
    }

    @Test
    void writeThatWasNotAppliedIsRepeated() throws Exception {
        AtomicInteger count = new AtomicInteger();
        FakeServer server = server(request -> switch (count.getAndIncrement()) {
            case 0 -> Answer.problem(503, "no_leader", "not_applied", true);
            case 1 -> Answer.problem(429, "busy", "not_applied", true);
            default -> Answer.written(57);
        });
        assertThat(client(server.url()).put("k", "v").modRevision()).isEqualTo(57);
        assertThat(server.seen()).hasSize(3);
    }

    @Test
    void aBusyServersRetryAfterIsHonouredButNotForLong() throws Exception {
        assertThat(timeOfAPutAfter(Answer.problem(429, "busy", "not_applied", true)))
                .isBetween(Duration.ofMillis(240), Duration.ofMillis(2_000));
    }

    /** An election takes a tenth of a second, and Retry-After cannot say less than a whole one. */
    @Test
    void aServerWithoutALeaderIsAskedAgainSoon() throws Exception {
        assertThat(timeOfAPutAfter(Answer.problem(503, "no_leader", "not_applied", true)))
                .isLessThan(Duration.ofMillis(240));
    }

    private Duration timeOfAPutAfter(Answer refusal) throws Exception {
        AtomicInteger count = new AtomicInteger();
        FakeServer server = server(request -> switch (count.getAndIncrement()) {
            case 1 -> refusal.with("Retry-After", "3600");
            default -> Answer.written(57);
        });
        BalsaClient client = client(server.url());
        client.put("k", "warm");
        long begin = System.nanoTime();
        client.put("k", "v");
        assertThat(server.seen()).hasSize(3);
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    @Test
    void refusalThatWillNotChangeIsNotRepeated() throws Exception {
        FakeServer server = server(request -> Answer.problem(413, "too_large", "not_applied", false));
        BalsaClient client = client(server.url());
        var failure = catchThrowableOfType(NotAppliedException.class, () -> client.put("k", "v"));
        assertThat(failure.code()).isEqualTo("too_large");
        assertThat(server.seen()).hasSize(1);
    }

    @Test
    void unknownOutcomeIsNeverRepeatedWithoutAKey() throws Exception {
        for (Answer answer : List.of(
                Answer.problem(504, "commit_timeout", "unknown", true),
                Answer.problem(503, "leader_changed", "unknown", true),
                Answer.json(503, "<html>from a proxy</html>"),
                Answer.json(502, ""),
                Answer.drop())) {
            FakeServer server = server(request -> answer);
            BalsaClient client = client(server.url());
            assertThatThrownBy(() -> client.put("k", "v")).isInstanceOf(UnknownOutcomeException.class);
            assertThatThrownBy(() -> client.delete("k")).isInstanceOf(UnknownOutcomeException.class);
            assertThatThrownBy(() -> client.compareAndSet("k", "v", 3)).isInstanceOf(UnknownOutcomeException.class);
            assertThat(server.seen()).as(answer.toString()).hasSize(3);
        }
    }

    @Test
    void unknownOutcomeIsRepeatedUnderTheSameKey() throws Exception {
        AtomicInteger count = new AtomicInteger();
        FakeServer server = server(request -> switch (count.getAndIncrement()) {
            case 0 -> Answer.drop();
            case 1 -> Answer.problem(504, "commit_timeout", "unknown", true);
            default -> Answer.written(57);
        });
        BalsaClient client = client(server.url());
        assertThat(client.put("k", "v", CallOption.exactlyOnce()).modRevision()).isEqualTo(57);
        client.put("k", "v", CallOption.exactlyOnce());
        List<String> keys = server.seen().stream()
                .map(seen -> seen.header("Idempotency-Key"))
                .toList();
        assertThat(keys).hasSize(4);
        assertThat(keys.get(0)).matches("[0-9a-f]{32}").isEqualTo(keys.get(1)).isEqualTo(keys.get(2));
        assertThat(keys.get(3)).isNotEqualTo(keys.get(0));
    }

    @Test
    void unknownStaysUnknownWhenTheLaterAttemptsAreRefused() throws Exception {
        AtomicInteger count = new AtomicInteger();
        FakeServer server = server(request -> count.getAndIncrement() == 0
                ? Answer.problem(504, "commit_timeout", "unknown", true)
                : Answer.problem(503, "no_leader", "not_applied", true));
        BalsaClient client = client(server.url());
        assertThatThrownBy(() -> client.put(
                        "k", "v", CallOption.idempotencyKey("mine"), CallOption.deadline(Duration.ofMillis(300))))
                .isInstanceOf(UnknownOutcomeException.class);
        assertThat(server.seen().size()).isGreaterThan(1);
    }

    @Test
    void readIsRepeatedWhateverHappened() throws Exception {
        AtomicInteger count = new AtomicInteger();
        FakeServer server = server(request -> switch (count.getAndIncrement()) {
            case 0 -> Answer.drop();
            case 1 -> Answer.json(502, "");
            case 2 -> Answer.problem(504, "read_timeout", "not_applied", true);
            default -> Answer.found("k", "v", 57);
        });
        assertThat(client(server.url()).get("k")).isPresent();
    }

    private FakeServer server(FakeServer.Script script) throws Exception {
        FakeServer server = new FakeServer(script);
        opened.add(server);
        return server;
    }

    private BalsaClient client(String... urls) {
        BalsaClient client = BalsaClient.connect(urls);
        opened.add(0, client);
        return client;
    }
}

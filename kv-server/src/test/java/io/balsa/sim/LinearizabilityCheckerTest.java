package io.balsa.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.kv.Command;
import io.balsa.kv.Key;
import io.balsa.kv.KeyRange;
import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import io.balsa.kv.Precondition;
import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Histories of a few lines, each with what it shows. */
class LinearizabilityCheckerTest {
    private static final Precondition NONE = Precondition.NONE;

    private final History history = new History(() -> 0);

    @Test
    void anEmptyHistoryIsLinearizable() {
        accepted();
    }

    @Test
    void operationsOneAfterTheOther() {
        history.ok(put(1, "a", "x", Precondition.ABSENT), written(1, 1, 1));
        history.ok(get(2, "a"), found(1, "a", "x", 1, 1, 1));
        history.ok(put(1, "a", "y", new Precondition.ModRevision(1)), written(2, 2, 1));
        history.ok(put(2, "a", "z", new Precondition.ModRevision(1)), new Outcome.PreconditionFailed(2, 2));
        history.ok(delete(2, "a"), new Outcome.Deleted(3, 1, null));
        history.ok(delete(2, "a"), new Outcome.Deleted(3, 0, null));
        history.ok(put(1, "a", "y", Precondition.PRESENT), new Outcome.PreconditionFailed(3, 0));
        history.ok(get(1, "a"), absent(3));
        accepted();
    }

    @Test
    void aReadBesideAWriteMaySeeEither() {
        int write = put(1, "a", "x", NONE);
        history.ok(get(2, "a"), absent(0));
        history.ok(get(3, "a"), found(1, "a", "x", 1, 1, 1));
        history.ok(write, written(1, 1, 1));
        accepted();
    }

    @Test
    void aStaleReadIsRejected() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        history.ok(put(1, "a", "y", NONE), written(2, 2, 1));
        history.ok(get(2, "a"), found(1, "a", "x", 1, 1, 1));
        rejected("did not go on");
    }

    @Test
    void aStaleValueUnderAFreshRevisionIsRejected() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        history.ok(put(1, "a", "y", NONE), written(2, 2, 1));
        history.ok(get(2, "a"), found(2, "a", "x", 1, 1, 1));
        rejected("another value");
    }

    @Test
    void readsThatGoBackAreRejectedEvenBesideTheWrite() {
        int write = put(1, "a", "x", NONE);
        history.ok(get(2, "a"), found(1, "a", "x", 1, 1, 1));
        history.ok(get(3, "a"), absent(0));
        history.ok(write, written(1, 1, 1));
        rejected("did not go on");
    }

    @Test
    void aLostUpdateIsRejected() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        history.ok(put(2, "a", "y", NONE), written(2, 2, 1));
        history.ok(put(1, "a", "z", NONE), written(3, 2, 1));
        rejected("version would be 3");
    }

    @Test
    void twoClientsThatBothCompareAndSetAreRejected() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        int one = put(1, "a", "y", new Precondition.ModRevision(1));
        int two = put(2, "a", "z", new Precondition.ModRevision(1));
        history.ok(one, written(2, 2, 1));
        history.ok(two, written(3, 3, 1));
        rejected("condition does not hold");
    }

    @Test
    void aReadOfAFailedWriteIsRejectedAndTheWriteIsShown() {
        history.fail(put(1, "a", "x", NONE));
        history.ok(get(2, "a"), found(1, "a", "x", 1, 1, 1));
        rejected("Not applied, as their clients were told");
    }

    @Test
    void anUnknownWriteMayTakeEffectLateOrNever() {
        int write = put(1, "a", "x", NONE);
        history.info(write);
        put(1, "b", "never", NONE);
        history.ok(get(2, "a"), absent(0));
        history.ok(put(2, "b", "y", NONE), written(1, 1, 1));
        history.ok(get(2, "a"), absent(1));
        history.ok(get(2, "a"), found(4, "a", "x", 1, 3, 3));
        history.ok(put(2, "a", "z", new Precondition.ModRevision(3)), written(5, 2, 3));
        accepted();
    }

    @Test
    void anUnknownWriteMayNotTakeEffectBeforeItsInvocation() {
        history.ok(get(2, "a"), found(1, "a", "x", 1, 1, 1));
        history.info(put(1, "a", "x", NONE));
        rejected("does not exist");
    }

    @Test
    void anUnknownWriteTakesEffectAtMostOnce() {
        history.info(put(1, "a", "x", NONE));
        history.ok(get(2, "a"), found(1, "a", "x", 1, 1, 1));
        history.ok(put(2, "a", "y", NONE), written(2, 2, 1));
        history.ok(get(2, "a"), found(3, "a", "x", 3, 1, 3));
        rejected("another value");
    }

    @Test
    void anAcknowledgedWriteThatIsAppliedTwiceIsRejected() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        history.ok(get(1, "a"), found(2, "a", "x", 2, 1, 2));
        rejected("the version is 1");
    }

    @Test
    void anUnknownCompareAndSetTakesEffectOnlyWhereItsConditionHolds() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        history.info(put(2, "a", "y", new Precondition.ModRevision(1)));
        history.ok(put(1, "a", "z", NONE), written(2, 2, 1));
        history.ok(get(1, "a"), found(3, "a", "y", 3, 1, 3));
        rejected("another value");
    }

    @Test
    void anUnknownDeleteExplainsAVersionThatStartsAgain() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        history.info(delete(2, "a"));
        history.ok(put(1, "a", "y", NONE), written(3, 1, 3));
        accepted();
    }

    @Test
    void anUnknownWriteNeedsARevisionOfItsOwn() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        history.info(delete(2, "a"));
        history.ok(put(1, "a", "y", NONE), written(2, 1, 2));
        rejected("revision was 2 already");
    }

    @Test
    void severalUnknownWritesAreTriedInEveryOrder() {
        for (String value : new String[] {"v1", "v2", "v3", "v4"}) {
            history.info(put(1, "a", value, NONE));
        }
        history.ok(get(2, "a"), found(3, "a", "v3", 1, 3, 3));
        history.ok(put(2, "a", "mine", NONE), written(9, 4, 3));
        history.ok(get(2, "a"), found(12, "a", "v1", 5, 3, 12));
        accepted();
        history.ok(get(2, "a"), found(13, "a", "v2", 6, 3, 13));
        rejected("v2");
    }

    @Test
    void twoChangesWithOneRevisionAreRejected() {
        int one = put(1, "a", "x", NONE);
        int two = put(2, "b", "y", NONE);
        history.ok(one, written(1, 1, 1));
        history.ok(two, written(1, 1, 1));
        rejected("Two changes have revision 1");
    }

    @Test
    void anUnknownChangeThatAReadDatesSharesNoRevisionEither() {
        int one = put(1, "a", "x", NONE);
        history.info(put(2, "b", "y", NONE));
        history.ok(get(3, "b"), found(1, "b", "y", 1, 1, 1));
        history.ok(one, written(1, 1, 1));
        rejected("Two changes have revision 1");
    }

    @Test
    void aWriteThatBeganAfterAnotherKeysWriteHasAGreaterRevision() {
        history.ok(put(1, "a", "x", NONE), written(5, 1, 5));
        history.ok(put(2, "b", "y", NONE), written(4, 1, 4));
        rejected("did not go on");
    }

    @Test
    void aPageIsASnapshot() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        history.ok(put(1, "b", "y", NONE), written(2, 1, 2));
        int page = history.invoke(2, page());
        history.ok(put(1, "c", "z", NONE), written(3, 1, 3));
        history.ok(delete(1, "a"), new Outcome.Deleted(4, 1, null));
        KeyValue a = keyValue("a", "x", 1, 1, 1);
        KeyValue b = keyValue("b", "y", 1, 2, 2);
        KeyValue c = keyValue("c", "z", 1, 3, 3);
        history.ok(page, new QueryResult.Page(3, List.of(a, b, c), List.of(), null));
        accepted();
        int torn = history.invoke(2, page());
        history.ok(torn, new QueryResult.Page(4, List.of(b), List.of(), null));
        rejected("get c");
    }

    @Test
    void aPageThatHasMoreSaysNothingOfTheRest() {
        history.ok(put(1, "a", "x", NONE), written(1, 1, 1));
        history.ok(put(1, "b", "y", NONE), written(2, 1, 2));
        byte[] last = "a".getBytes(StandardCharsets.UTF_8);
        history.ok(
                history.invoke(2, page()),
                new QueryResult.Page(2, List.of(keyValue("a", "x", 1, 1, 1)), List.of(), last));
        accepted();
    }

    @Test
    void aSearchThatGivesUpIsNoPass() {
        for (int i = 0; i < 30; i++) {
            history.info(put(i, "a", "v", NONE)); // All the same, so the answer fits to each of them.
            history.info(delete(i, "a"));
        }
        history.ok(get(99, "a"), found(1_000, "a", "v", 20, 900, 800));
        assertThat(LinearizabilityChecker.check(history.operations(), 10_000))
                .isInstanceOf(LinearizabilityChecker.Verdict.TooHard.class);
    }

    @Test
    void requireThrowsWithTheExplanation() {
        history.ok(get(1, "a"), found(1, "a", "x", 1, 1, 1));
        assertThatThrownBy(() -> LinearizabilityChecker.require(history))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("get a");
    }

    private void accepted() {
        assertThat(LinearizabilityChecker.check(history))
                .isInstanceOf(LinearizabilityChecker.Verdict.Linearizable.class);
    }

    private void rejected(String because) {
        assertThat(LinearizabilityChecker.check(history))
                .isInstanceOfSatisfying(
                        LinearizabilityChecker.Verdict.Violation.class,
                        violation -> assertThat(violation.explanation()).contains(because));
    }

    private int put(int client, String key, String value, Precondition precondition) {
        return history.invoke(client, new Command.Put(Key.of(key), bytes(value), precondition, false));
    }

    private int delete(int client, String key) {
        return history.invoke(client, new Command.Delete(Key.of(key), NONE, false));
    }

    private int get(int client, String key) {
        return history.invoke(client, new Query.Get(Key.of(key)));
    }

    private static Query.Page page() {
        return new Query.Page(new KeyRange(new byte[0], null), null, 10, 1_000, false, false, null, 0);
    }

    private static Outcome written(long revision, long version, long createRevision) {
        return new Outcome.Written(revision, version, createRevision, null);
    }

    private static QueryResult absent(long revision) {
        return new QueryResult.One(revision, null);
    }

    private static QueryResult found(
            long revision, String key, String value, long version, long createRevision, long modRevision) {
        return new QueryResult.One(revision, keyValue(key, value, version, createRevision, modRevision));
    }

    private static KeyValue keyValue(String key, String value, long version, long createRevision, long modRevision) {
        return new KeyValue(Key.of(key), bytes(value), version, createRevision, modRevision);
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}

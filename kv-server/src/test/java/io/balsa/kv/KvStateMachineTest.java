package io.balsa.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What each command does, one sentence a test. */
class KvStateMachineTest {
    private final MemoryState state = new MemoryState();
    private final KvStateMachine machine = new KvStateMachine(state);

    @Test
    void putCreatesAndThenUpdates() {
        assertThat(apply(put("a", "1"))).isEqualTo(new Outcome.Written(1, 1, 1, null));
        assertThat(apply(put("b", "1"))).isEqualTo(new Outcome.Written(2, 1, 2, null));
        assertThat(apply(put("a", "2"))).isEqualTo(new Outcome.Written(3, 2, 1, null));
        assertThat(get("a")).isEqualTo(new KeyValue(Key.of("a"), bytes("2"), 2, 1, 3));
    }

    @Test
    void theMembershipIsRecordedUnderItsIndexAndSurvivesARestart() {
        MemoryState state = new MemoryState();
        KvStateMachine recording = new KvStateMachine(state);
        assertThat(recording.membership()).isNull();
        recording.applyNoOp(1);
        assertThat(recording.applyMembership(2, bytes("n1 n2"))).isEqualTo(new Outcome.MembershipRecorded(0));
        assertThat(recording.applyMembership(3, bytes("n1"))).isEqualTo(new Outcome.MembershipRecorded(0));
        state.checkpoint();
        assertThat(new KvStateMachine(state.crash()).membership())
                .isEqualTo(new KvStateMachine.RecordedMembership(3, bytes("n1")));
        assertThat(recording.lastApplied()).isEqualTo(3);
    }

    @Test
    void putReturnsThePreviousValueOnlyWhenAsked() {
        apply(put("a", "1"));
        Outcome outcome = apply(new Command.Put(Key.of("a"), bytes("2"), Precondition.NONE, true));
        assertThat(outcome).isEqualTo(new Outcome.Written(2, 2, 1, new KeyValue(Key.of("a"), bytes("1"), 1, 1, 1)));
        assertThat(apply(put("a", "3"))).isEqualTo(new Outcome.Written(3, 3, 1, null));
    }

    @Test
    void aFailedPreconditionTellsTheRevisionOfTheKeyAndMovesNothing() {
        apply(put("x", "1"));
        apply(put("a", "1"));
        apply(put("x", "1"));
        assertThat(apply(put("a", "2", new Precondition.ModRevision(1))))
                .isEqualTo(new Outcome.PreconditionFailed(3, 2));
        assertThat(apply(put("a", "2", Precondition.ABSENT))).isEqualTo(new Outcome.PreconditionFailed(3, 2));
        assertThat(apply(put("b", "2", Precondition.PRESENT))).isEqualTo(new Outcome.PreconditionFailed(3, 0));
        assertThat(apply(new Command.Delete(Key.of("b"), Precondition.PRESENT, false)))
                .isEqualTo(new Outcome.PreconditionFailed(3, 0));
        assertThat(machine.revision()).isEqualTo(3);
        assertThat(apply(put("a", "2", new Precondition.ModRevision(2)))).isEqualTo(new Outcome.Written(4, 2, 2, null));
    }

    @Test
    void deleteEndsTheVersionAndADeleteOfNothingMovesNothing() {
        apply(put("a", "1"));
        apply(put("a", "2"));
        assertThat(apply(new Command.Delete(Key.of("a"), Precondition.NONE, true)))
                .isEqualTo(new Outcome.Deleted(3, 1, new KeyValue(Key.of("a"), bytes("2"), 2, 1, 2)));
        assertThat(apply(new Command.Delete(Key.of("a"), Precondition.NONE, true)))
                .isEqualTo(new Outcome.Deleted(3, 0, null));
        assertThat(get("a")).isNull();
        assertThat(apply(put("a", "3"))).isEqualTo(new Outcome.Written(4, 1, 4, null));
    }

    @Test
    void deleteRangeTakesOneRevisionOrRefusesAll() {
        for (String key : new String[] {"a", "a/1", "a/2", "a/3", "b"}) {
            apply(put(key, "v"));
        }
        KeyRange range = KeyRange.ofPrefix("a/".getBytes(StandardCharsets.UTF_8));
        assertThat(apply(new Command.DeleteRange(range, 2))).isEqualTo(new Outcome.RangeTooLarge(5, 2));
        assertThat(get("a/1")).isNotNull();
        assertThat(apply(new Command.DeleteRange(range, 3))).isEqualTo(new Outcome.Deleted(6, 3, null));
        assertThat(apply(new Command.DeleteRange(range, 3))).isEqualTo(new Outcome.Deleted(6, 0, null));
        assertThat(get("a")).isNotNull();
        assertThat(get("b")).isNotNull();
    }

    @Test
    void aRetryGetsTheFirstOutcomeAndAnotherCommandUnderItsIdIsRefused() {
        IdempotencyKey id = new IdempotencyKey("order-7");
        apply(put("a", "1"));
        Command once = new Command.Once(id, new Command.Put(Key.of("a"), bytes("2"), Precondition.NONE, true));
        Outcome first = apply(once);
        apply(put("a", "3"));
        assertThat(apply(once)).isEqualTo(first);
        assertThat(apply(new Command.Once(id, put("a", "4")))).isEqualTo(new Outcome.IdempotencyKeyReused(3));
        assertThat(valueOf("a")).isEqualTo(bytes("3"));
        assertThat(new KvStateMachine(state).apply(6, CommandCodec.encode(once)))
                .as("after a restart")
                .isEqualTo(first);
    }

    @Test
    void aRetryOfAFailedConditionGetsNoSecondChance() {
        Command once = new Command.Once(new IdempotencyKey("i"), put("a", "1", Precondition.PRESENT));
        assertThat(apply(once)).isEqualTo(new Outcome.PreconditionFailed(0, 0));
        apply(put("a", "0"));
        assertThat(apply(once)).isEqualTo(new Outcome.PreconditionFailed(0, 0));
        assertThat(valueOf("a")).isEqualTo(bytes("0"));
    }

    @Test
    void theOldestIdempotencyRecordIsForgottenFirst() {
        KvStateMachine small = new KvStateMachine(new MemoryState(), 3, Long.MAX_VALUE);
        for (int i = 1; i <= 4; i++) {
            small.apply(i, CommandCodec.encode(new Command.Once(new IdempotencyKey("i" + i), put("a", "v" + i))));
        }
        assertThat(small.apply(5, CommandCodec.encode(new Command.Once(new IdempotencyKey("i2"), put("a", "v2")))))
                .as("the second is remembered")
                .isEqualTo(new Outcome.Written(2, 2, 1, null));
        assertThat(small.apply(6, CommandCodec.encode(new Command.Once(new IdempotencyKey("i1"), put("a", "v1")))))
                .as("the first is forgotten")
                .isEqualTo(new Outcome.Written(5, 5, 1, null));
    }

    @Test
    void idempotencyRecordsAreBoundedInBytesAndTheNewestStays() {
        MemoryState memory = new MemoryState();
        KvStateMachine small = new KvStateMachine(memory, 1_000, 2_000);
        small.apply(1, CommandCodec.encode(put("a", "x".repeat(5_000))));
        for (int i = 2; i <= 100; i++) {
            small.apply(i, CommandCodec.encode(new Command.Once(new IdempotencyKey("i" + i), put("b", "v"))));
        }
        assertThat(memory.size()).isBetween(21, 61);
        Command large =
                new Command.Once(new IdempotencyKey("large"), new Command.Delete(Key.of("a"), Precondition.NONE, true));
        Outcome first = small.apply(101, CommandCodec.encode(large));
        assertThat(memory.size())
                .as("b, the record and its order, three of meta")
                .isEqualTo(6);
        assertThat(small.apply(102, CommandCodec.encode(large))).isEqualTo(first);
    }

    @Test
    void bytesThatAreNoCommandChangeNothingButTheIndex() {
        apply(put("a", "1"));
        assertThat(machine.apply(2, bytes("garbage"))).isInstanceOf(Outcome.Invalid.class);
        assertThat(machine.apply(3, ByteBuffer.allocate(0))).isInstanceOf(Outcome.Invalid.class);
        machine.applyNoOp(4);
        assertThat(machine.lastApplied()).isEqualTo(4);
        assertThat(machine.revision()).isEqualTo(1);
    }

    @Test
    void entriesAreAppliedWithoutGapsOrRepeats() {
        apply(put("a", "1"));
        ByteBuffer command = CommandCodec.encode(put("a", "2"));
        assertThatThrownBy(() -> machine.apply(1, command)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> machine.apply(3, command)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> machine.applyNoOp(3)).isInstanceOf(AssertionError.class);
        assertThat(valueOf("a")).isEqualTo(bytes("1"));
    }

    private Outcome apply(Command command) {
        return machine.apply(machine.lastApplied() + 1, CommandCodec.encode(command));
    }

    private @Nullable KeyValue get(String key) {
        return ((QueryResult.One) machine.query(new Query.Get(Key.of(key)))).keyValue();
    }

    private @Nullable ByteBuffer valueOf(String key) {
        KeyValue found = get(key);
        return found == null ? null : found.value();
    }

    private static Command.Put put(String key, String value) {
        return put(key, value, Precondition.NONE);
    }

    private static Command.Put put(String key, String value, Precondition precondition) {
        return new Command.Put(Key.of(key), bytes(value), precondition, false);
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer();
    }
}

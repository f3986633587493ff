package io.balsa.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StateHashTest {
    private static final int ATTEMPTS_MAX = 40;

    @Test
    void whatIsKeptUpToDateIsWhatReadingAllOfItGives() {
        long seed = RandomCommands.seed("StateHashTest");
        for (int round = 0; round < 20; round++) {
            Random random = new Random(seed + round);
            RandomCommands commands = new RandomCommands(random);
            MemoryState state = new MemoryState();
            KvStateMachine machine = machine(state);
            for (int index = 1; index <= 300; index++) {
                switch (random.nextInt(15)) {
                    case 0 -> machine.applyNoOp(index);
                    case 1 -> machine.applyMembership(index, bytes("m" + random.nextInt(3)));
                    default -> machine.apply(index, CommandCodec.encode(commands.next(index / 2)));
                }
                assertThat(machine.stateHash())
                        .as("seed %d, round %d, entry %d", seed, round, index)
                        .isEqualTo(StateHash.of(state))
                        .isEqualTo(StateHash.recorded(state).orElseThrow());
                if (random.nextInt(40) == 0) {
                    state.checkpoint();
                    state = state.crash();
                    machine = machine(state);
                    assertThat(machine.stateHash()).isEqualTo(StateHash.of(state));
                }
            }
        }
    }

    @Test
    void equalLogsGiveEqualHashesAndOneEntryMoreAnother() {
        KvStateMachine one = machine(new MemoryState());
        KvStateMachine other = machine(new MemoryState());
        long before = one.stateHash();
        one.apply(1, put("a", "1"));
        other.apply(1, put("a", "1"));
        assertThat(one.stateHash()).isEqualTo(other.stateHash()).isNotEqualTo(before);
        one.apply(2, put("a", "1"));
        other.applyNoOp(2);
        assertThat(one.stateHash()).isNotEqualTo(other.stateHash());
    }

    @Test
    void aStateFromBeforeThereWereHashesIsReadOnce() {
        MemoryState state = new MemoryState();
        KvStateMachine machine = machine(state);
        machine.apply(1, put("a", "1"));
        long hash = machine.stateHash();
        state.remove(Tables.STATE_HASH);
        assertThat(StateHash.recorded(state)).isEmpty();
        KvStateMachine upgraded = machine(state);
        assertThat(upgraded.stateHash()).isEqualTo(hash);
        upgraded.applyNoOp(2);
        assertThat(StateHash.recorded(state)).isEqualTo(OptionalLong.of(hash));
    }

    @Test
    void aHashThatAnOlderVersionLeftBehindDoesNotCount() {
        MemoryState state = new MemoryState();
        machine(state).apply(1, put("a", "1"));
        byte[] left = state.get(Tables.STATE_HASH);
        machine(state).apply(2, put("b", "2"));
        long hash = StateHash.of(state);
        state.put(Tables.STATE_HASH, left == null ? new byte[0] : left);
        assertThat(StateHash.recorded(state)).isEmpty();
        assertThat(machine(state).stateHash()).isEqualTo(hash);
    }

    @Test
    void aRecordThatChangesByItselfShowsAtOnceToWhoReadsAllAndWithItsNextChangeToWhoCompares() {
        MemoryState whole = new MemoryState();
        MemoryState broken = new MemoryState();
        KvStateMachine sound = machine(whole);
        KvStateMachine diverged = machine(broken);
        for (KvStateMachine machine : List.of(sound, diverged)) {
            machine.apply(1, put("a", "1"));
            machine.apply(2, put("b", "2"));
        }
        byte[] key = Tables.keyRecord(Key.of("a"));
        byte[] record = broken.get(key);
        byte[] changed = record == null ? new byte[0] : record.clone();
        changed[changed.length - 1] ^= 1;
        broken.put(key, changed);
        assertThat(StateHash.recorded(broken)).isNotEqualTo(OptionalLong.of(StateHash.of(broken)));
        assertThat(diverged.stateHash()).isEqualTo(sound.stateHash());
        for (KvStateMachine machine : List.of(sound, diverged)) {
            machine.apply(3, put("a", "3"));
        }
        assertThat(diverged.stateHash()).isNotEqualTo(sound.stateHash());
        assertThat(StateHash.of(broken))
                .as("what is read now is the same again")
                .isEqualTo(StateHash.of(whole));
    }

    @Test
    void everyByteCountsAndWhereItIs() {
        List<Long> hashes = new ArrayList<>(List.of(
                hashOf(new byte[] {9, 1}, new byte[] {2}),
                hashOf(new byte[] {9}, new byte[] {1, 2}),
                hashOf(new byte[] {9, 1}, new byte[] {3}),
                hashOf(new byte[] {9, 1}, new byte[] {2, 0}),
                hashOf(new byte[] {9, 1}, new byte[] {}),
                hashOf(new byte[] {9, 1, 0}, new byte[] {2})));
        for (int bit = 0; bit < 8 * 41; bit++) {
            byte[] value = new byte[41];
            value[bit / 8] = (byte) (1 << bit % 8);
            hashes.add(hashOf(new byte[] {1, 1}, value));
        }
        assertThat(hashes).doesNotHaveDuplicates();
    }

    /** Servers of two versions compare them, and states on disk hold them. */
    @Test
    void theFormulaIsAFormat() {
        assertThat(hashOf(new byte[] {1, 'k'}, "a value of some length".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(8566624583636951810L);
    }

    private static long hashOf(byte[] key, byte[] value) {
        MemoryState one = new MemoryState();
        one.put(key, value);
        return StateHash.of(one);
    }

    private static KvStateMachine machine(State state) {
        return new KvStateMachine(state, ATTEMPTS_MAX, 4_000);
    }

    private static ByteBuffer put(String key, String value) {
        return CommandCodec.encode(new Command.Put(Key.of(key), bytes(value), Precondition.NONE, false));
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer();
    }
}

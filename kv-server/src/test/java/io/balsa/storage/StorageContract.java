package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.node.Storage;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What every {@link Storage} does. A test class of an implementation implements this and gets the tests. */
interface StorageContract {
    /** Opens the storage, empty at first; later again what was written, after a crash between two writes. */
    Storage reopen();

    @Test
    default void anEmptyLogEndsBeforeTheFirstEntry() {
        Storage storage = reopen();
        assertThat(storage.last()).isEqualTo(EntryId.NONE);
        assertThat(storage.hardState()).isEqualTo(HardState.INITIAL);
    }

    @Test
    default void aWriteOfNothingChangesNothing() {
        reopen().write(null, List.of());
        Storage storage = reopen();
        assertThat(storage.last()).isEqualTo(EntryId.NONE);
        assertThat(storage.hardState()).isEqualTo(HardState.INITIAL);
    }

    @Test
    default void termAndVoteSurviveARestart() {
        Storage storage = reopen();
        storage.write(new HardState(3, new NodeId(2)), List.of());
        assertThat(storage.hardState()).isEqualTo(new HardState(3, new NodeId(2)));
        assertThat(reopen().hardState()).isEqualTo(new HardState(3, new NodeId(2)));
        reopen().write(new HardState(4, null), List.of());
        assertThat(reopen().hardState()).isEqualTo(new HardState(4, null));
        reopen().write(new HardState(4, new NodeId(1)), List.of()); // In a term that is stored already.
        assertThat(reopen().hardState().votedFor()).isEqualTo(new NodeId(1));
    }

    @Test
    default void entriesSurviveARestartWithTermAndVote() {
        reopen().write(new HardState(2, new NodeId(1)), List.of(entry(1, 1, "a"), entry(2, 2, "")));
        Storage storage = reopen();
        assertThat(storage.last()).isEqualTo(new EntryId(2, 2));
        assertThat(storage.termAt(1)).isEqualTo(1);
        assertThat(storage.termAt(2)).isEqualTo(2);
        assertThat(storage.read(1, 2, Long.MAX_VALUE)).containsExactly(entry(1, 1, "a"), entry(2, 2, ""));
        assertThat(storage.hardState()).isEqualTo(new HardState(2, new NodeId(1)));
    }

    @Test
    default void aNewSuffixReplacesEverythingFromItsFirstIndexOn() {
        Storage storage = reopen();
        storage.write(null, List.of(entry(1, 1, "a"), entry(2, 1, "b"), entry(3, 1, "c"), entry(4, 1, "d")));
        storage.write(null, List.of(entry(5, 1, "e")));
        storage.write(null, List.of(entry(3, 2, "C")));
        assertThat(storage.last()).isEqualTo(new EntryId(3, 2));
        List<LogEntry> expected = List.of(entry(1, 1, "a"), entry(2, 1, "b"), entry(3, 2, "C"));
        assertThat(storage.read(1, 3, Long.MAX_VALUE)).isEqualTo(expected);
        storage = reopen();
        assertThat(storage.last()).isEqualTo(new EntryId(3, 2));
        assertThat(storage.read(1, 3, Long.MAX_VALUE)).isEqualTo(expected);
    }

    @Test
    default void aNewSuffixMayReplaceTheWholeLog() {
        Storage storage = reopen();
        storage.write(null, List.of(entry(1, 1, "a"), entry(2, 1, "b")));
        storage.write(new HardState(7, null), List.of(entry(1, 7, "A")));
        assertThat(storage.read(1, 1, 1)).containsExactly(entry(1, 7, "A"));
        assertThat(reopen().last()).isEqualTo(new EntryId(1, 7));
    }

    @Test
    default void aReadReturnsAtLeastOneEntryAndThenWhatFits() {
        Storage storage = reopen();
        List<LogEntry> entries = List.of(entry(1, 1, "aaaa"), entry(2, 1, "bbbb"), entry(3, 1, "cccc"));
        storage.write(null, entries);
        int bytes = entries.get(0).sizeBytes();
        assertThat(storage.read(1, 3, 0)).isEqualTo(entries.subList(0, 1));
        assertThat(storage.read(1, 3, 2L * bytes - 1)).isEqualTo(entries.subList(0, 1));
        assertThat(storage.read(1, 3, 2L * bytes)).isEqualTo(entries.subList(0, 2));
        assertThat(storage.read(2, 3, 100L * bytes)).isEqualTo(entries.subList(1, 3));
        assertThat(storage.read(1, 2, 100L * bytes)).isEqualTo(entries.subList(0, 2));
    }

    @Test
    default void aResetBeginsTheLogAnewBehindItsAnchor() {
        Storage storage = reopen();
        storage.write(new HardState(5, new NodeId(2)), List.of(entry(1, 1, "a"), entry(2, 1, "b"), entry(3, 5, "c")));
        storage.reset(new EntryId(10, 4));
        for (int start = 0; start < 2; start++) {
            assertThat(storage.anchor()).isEqualTo(new EntryId(10, 4));
            assertThat(storage.last()).isEqualTo(new EntryId(10, 4));
            assertThat(storage.entryBytes()).isZero();
            assertThat(storage.hardState()).isEqualTo(new HardState(5, new NodeId(2)));
            Storage now = storage;
            assertThatThrownBy(() -> now.read(3, 3, 1)).isInstanceOf(AssertionError.class);
            storage = reopen();
        }
        storage.write(null, List.of(entry(11, 5, "k"), entry(12, 5, "l")));
        storage = reopen();
        assertThat(storage.read(11, 12, Long.MAX_VALUE)).containsExactly(entry(11, 5, "k"), entry(12, 5, "l"));
        assertThat(storage.entryBytes()).isPositive();
    }

    @Test
    default void anInstallationThatACrashCutShortIsFinished() {
        Storage storage = reopen();
        storage.write(null, List.of(entry(1, 1, "a"), entry(2, 1, "b")));
        storage.finishInstall(EntryId.NONE);
        assertThat(storage.last()).isEqualTo(new EntryId(2, 1));
        storage.finishInstall(new EntryId(10, 4));
        assertThat(storage.last()).isEqualTo(new EntryId(10, 4));
        storage.write(null, List.of(entry(11, 5, "k")));
        storage.finishInstall(new EntryId(10, 4));
        assertThat(storage.last()).as("it was finished before").isEqualTo(new EntryId(11, 5));
    }

    @Test
    default void aHoleIsRefused() {
        Storage storage = reopen();
        storage.write(null, List.of(entry(1, 1, "a")));
        assertThatThrownBy(() -> storage.write(null, List.of(entry(3, 1, "c")))).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> storage.write(null, List.of(entry(2, 1, "b"), entry(4, 1, "d"))))
                .isInstanceOf(AssertionError.class);
        assertThat(reopen().last()).isEqualTo(new EntryId(1, 1));
    }

    @Test
    default void whatIsNotInTheLogCannotBeRead() {
        Storage storage = reopen();
        storage.write(null, List.of(entry(1, 1, "a")));
        assertThatThrownBy(() -> storage.termAt(2)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> storage.read(2, 2, 1)).isInstanceOf(AssertionError.class);
    }

    @Test
    default void anyMixOfWritesAndRestartsReadsAsAListWould() {
        long seed = System.nanoTime();
        System.out.println("anyMixOfWritesAndRestartsReadsAsAListWould: seed " + seed);
        Random random = new Random(seed);
        List<LogEntry> model = new ArrayList<>();
        HardState hardState = HardState.INITIAL;
        Storage storage = reopen();
        long term = 1;
        for (int step = 0; step < 200; step++) {
            term += random.nextInt(3) == 0 ? 1 : 0;
            int kept = random.nextInt(4) == 0 ? random.nextInt(model.size() + 1) : model.size();
            List<LogEntry> entries = new ArrayList<>();
            int count = random.nextInt(10) == 0 ? random.nextInt(400) : random.nextInt(4);
            for (int i = 0; i < count; i++) {
                byte[] command = new byte[random.nextInt(20) == 0 ? random.nextInt(9000) : random.nextInt(300)];
                random.nextBytes(command);
                entries.add(new LogEntry(kept + i + 1L, term, ByteBuffer.wrap(command)));
            }
            boolean changed = random.nextInt(5) == 0;
            hardState = changed ? new HardState(term, random.nextBoolean() ? new NodeId(3) : null) : hardState;
            storage.write(changed ? hardState : null, entries);
            if (!entries.isEmpty()) {
                model.subList(kept, model.size()).clear();
                model.addAll(entries);
            }
            storage = random.nextInt(20) == 0 ? reopen() : storage;
            assertThat(storage.hardState()).isEqualTo(hardState);
            assertSame(storage, model, random);
        }
    }

    private static void assertSame(Storage storage, List<LogEntry> model, Random random) {
        EntryId last =
                model.isEmpty() ? EntryId.NONE : model.get(model.size() - 1).id();
        assertThat(storage.last()).isEqualTo(last);
        if (model.isEmpty()) {
            return;
        }
        int from = random.nextInt(model.size());
        int to = from + random.nextInt(model.size() - from);
        assertThat(storage.termAt(from + 1L)).isEqualTo(model.get(from).term());
        assertThat(storage.read(from + 1L, to + 1L, Long.MAX_VALUE)).isEqualTo(model.subList(from, to + 1));
    }

    /** An entry whose command is text. */
    static LogEntry entry(long index, long term, String command) {
        return new LogEntry(index, term, ByteBuffer.wrap(command.getBytes(StandardCharsets.UTF_8)));
    }
}

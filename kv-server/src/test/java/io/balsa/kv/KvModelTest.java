package io.balsa.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The state machine against {@link ModelStore}, against itself on another server, and against itself after a crash. */
class KvModelTest {
    private static final int ATTEMPTS_MAX = 5;

    @Test
    void outcomesRevisionsAndAnswersAreThoseOfTheModel() {
        long seed = RandomCommands.seed("KvModelTest.outcomes");
        Set<Class<?>> seen = new HashSet<>();
        for (int round = 0; round < 20; round++) {
            Random random = new Random(seed + round);
            RandomCommands commands = new RandomCommands(random);
            ModelStore model = new ModelStore(ATTEMPTS_MAX);
            KvStateMachine machine = new KvStateMachine(new MemoryState(), ATTEMPTS_MAX, Long.MAX_VALUE);
            for (int index = 1; index <= 400; index++) {
                Command command = commands.next(model.revision());
                Outcome outcome = machine.apply(index, CommandCodec.encode(command));
                assertThat(outcome)
                        .as("round %d, entry %d: %s", round, index, command)
                        .isEqualTo(model.apply(command));
                assertThat(machine.revision()).isEqualTo(model.revision());
                seen.add(outcome.getClass());
                if (index % 4 == 0) {
                    compareAnswers("round " + round + ", entry " + index, machine, model, commands);
                }
            }
        }
        assertThat(seen)
                .as("the kinds of outcome that were drawn")
                .contains(
                        Outcome.Written.class,
                        Outcome.Deleted.class,
                        Outcome.PreconditionFailed.class,
                        Outcome.RangeTooLarge.class,
                        Outcome.IdempotencyKeyReused.class);
    }

    private static void compareAnswers(String when, KvStateMachine machine, ModelStore model, RandomCommands commands) {
        Key key = commands.key();
        assertThat(machine.query(new Query.Get(key)))
                .as(when)
                .isEqualTo(new QueryResult.One(model.revision(), model.get(key)));
        Query.Count count = new Query.Count(commands.range(), 1 + Math.floorMod(key.hashCode(), 30));
        assertThat(machine.query(count)).as("%s: %s", when, count).isEqualTo(model.count(count));
        for (int i = 0; i < 4; i++) {
            Query.Page page = commands.page();
            assertSame(when + ": " + page, (QueryResult.Page) machine.query(page), model.page(page));
        }
    }

    private static void assertSame(String when, QueryResult.Page actual, QueryResult.Page expected) {
        assertThat(actual.items()).as(when).isEqualTo(expected.items());
        assertThat(actual.folders()).as(when).isEqualTo(expected.folders());
        assertThat(RandomCommands.latin(actual.last())).as(when).isEqualTo(RandomCommands.latin(expected.last()));
        assertThat(actual.revision()).as(when).isEqualTo(expected.revision());
    }

    @Test
    void pagesThatFollowEachOtherAreTheWholeListing() {
        long seed = RandomCommands.seed("KvModelTest.pages");
        Random random = new Random(seed);
        RandomCommands commands = new RandomCommands(random);
        KvStateMachine machine = new KvStateMachine(new MemoryState());
        for (int index = 1; index <= 600; index++) {
            machine.apply(
                    index,
                    CommandCodec.encode(new Command.Put(commands.key(), commands.value(), Precondition.NONE, false)));
        }
        for (int i = 0; i < 400; i++) {
            Query.Page page = commands.page();
            Query.Page whole = with(page, page.after(), Integer.MAX_VALUE, Long.MAX_VALUE);
            QueryResult.Page expected = (QueryResult.Page) machine.query(whole);
            List<KeyValue> items = new ArrayList<>();
            List<Key> folders = new ArrayList<>();
            byte[] after = page.after();
            QueryResult.Page part;
            do {
                part = (QueryResult.Page) machine.query(with(page, after, page.limit(), page.bytesMax()));
                items.addAll(part.items());
                folders.addAll(part.folders());
                after = part.last();
            } while (part.more());
            assertThat(items).as("%s", page).isEqualTo(expected.items());
            assertThat(folders).as("%s", page).isEqualTo(expected.folders());
        }
    }

    private static Query.Page with(Query.Page page, byte @Nullable [] after, int limit, long bytesMax) {
        return new Query.Page(
                page.range(),
                after,
                limit,
                bytesMax,
                page.keysOnly(),
                page.reverse(),
                page.delimiter(),
                page.folderPrefixBytes());
    }

    @Test
    void serversWithTheSameLogHoldTheSameStateWhateverCrashedOnTheWay() {
        long seed = RandomCommands.seed("KvModelTest.crash");
        for (int round = 0; round < 20; round++) {
            Random random = new Random(seed + round);
            RandomCommands commands = new RandomCommands(random);
            List<ByteBuffer> log = new ArrayList<>();
            KvStateMachine steady = machine(new MemoryState());
            MemoryState disk = new MemoryState();
            KvStateMachine shaky = machine(disk);
            for (int index = 1; index <= 300; index++) {
                log.add(random.nextInt(10) == 0 ? garbage(random) : CommandCodec.encode(commands.next(index / 2)));
                Outcome outcome = steady.apply(index, log.get(index - 1));
                assertThat(shaky.apply(index, log.get(index - 1))).isEqualTo(outcome);
                if (random.nextInt(20) == 0) {
                    disk.checkpoint();
                }
                if (random.nextInt(30) == 0) {
                    disk = disk.crash();
                    shaky = machine(disk);
                    while (shaky.lastApplied() < index) {
                        long next = shaky.lastApplied() + 1;
                        shaky.apply(next, log.get((int) next - 1));
                    }
                }
                assertThat(shaky.revision()).isEqualTo(steady.revision());
            }
            assertThat(shaky.stateHash()).as("round %d", round).isEqualTo(steady.stateHash());
        }
    }

    @Test
    void aQueryChangesNothing() {
        RandomCommands commands = new RandomCommands(new Random(RandomCommands.seed("KvModelTest.query")));
        KvStateMachine machine = machine(new MemoryState());
        for (int index = 1; index <= 100; index++) {
            machine.apply(index, CommandCodec.encode(commands.next(index)));
        }
        long hash = machine.stateHash();
        for (int i = 0; i < 100; i++) {
            machine.query(commands.page());
            machine.query(new Query.Count(commands.range(), 10));
            machine.query(new Query.Get(commands.key()));
        }
        assertThat(machine.stateHash()).isEqualTo(hash);
    }

    private static KvStateMachine machine(MemoryState state) {
        return new KvStateMachine(state, ATTEMPTS_MAX, 4_000);
    }

    private static ByteBuffer garbage(Random random) {
        byte[] bytes = new byte[random.nextInt(20)];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }
}

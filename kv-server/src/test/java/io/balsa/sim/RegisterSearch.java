package io.balsa.sim;

import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import io.balsa.kv.Precondition;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks for an order of one key's operations that a {@link Register} allows. Used once, by one thread.
 *
 * <p>It is the search of Wing and Gong with Lowe's memory: from a configuration (what is in order so far, and the register
 * behind it) go on with each operation that may come next, and never look at one configuration twice. An operation may
 * come next only if nothing that is still to come was completed before it was invoked.
 *
 * <p>Answers carry the store's revision, which makes the search small. It never goes back, so the answered operations
 * stand in the order of their revisions; of those with the same one the change came first, and the others saw the same
 * register, in whatever order. What is left to search is where writes with unknown outcomes took effect, if they did. So
 * a configuration is: how many of the answered operations are in order, and which of the unknown ones. And an unknown one
 * is tried only where the next answer does not fit without it, since nearly every answer tells the whole register.
 *
 * <p>Two more facts keep the unknown ones few. One whose value an answer shows, and which nobody else writes, took effect
 * right before that answer, or never. And of those that no answer shows, with equal conditions, one is as good as the
 * other, so the one that was invoked first is taken.
 */
final class RegisterSearch {
    /** What there is to say. */
    enum Result {
        EXPLAINED,
        UNEXPLAINED,
        GAVE_UP
    }

    private static final int RANKS = 3;
    private static final int SHOWN_BEFORE = 6;
    private static final int SHOWN_REFUSALS = 4;

    private final List<Operation> all;
    private final List<Operation> answered = new ArrayList<>();
    private final List<Operation> unknown = new ArrayList<>();
    /** Of the answered operations from this one on, when the first was completed. */
    private final long[] firstCompletion;

    private final BitSet deletes = new BitSet(); // Of the unknown ones.
    private final BitSet seenSometime = new BitSet(); // Of the unknown ones, those whose values an answer shows.
    private final BitSet onlyWriters = new BitSet(); // Of the unknown ones, those whose values nobody else writes.
    /** For each of the unknown ones, the number of its kind: those of one kind are as good as each other. */
    private final int[] kinds;
    /** From this answered operation on, the value that the next answer shows if it shows all; null if it shows none. */
    private final @Nullable ByteBuffer[] shownNext;

    private final int configurationsMax;

    private final Set<Configuration> seen = new HashSet<>();
    private final Deque<Configuration> open = new ArrayDeque<>();
    private int deepest;
    private final List<Configuration> stuck = new ArrayList<>();

    /** A node of the search. {@code applied} is not changed once it is in here. */
    private record Configuration(int answered, BitSet applied, Register register) {}

    RegisterSearch(List<Operation> operations, int configurationsMax) {
        this.all = operations;
        this.configurationsMax = configurationsMax;
        for (Operation operation : operations) {
            switch (operation.completion()) {
                case OK -> answered.add(operation);
                case INFO -> {
                    if (operation.kind() != Operation.Kind.GET) {
                        unknown.add(operation);
                    }
                }
                case FAIL -> {} // It is nowhere in the order.
            }
        }
        unknown.sort(Comparator.comparingLong(Operation::invokedAt));
        for (int i = 0; i < unknown.size(); i++) {
            deletes.set(i, unknown.get(i).kind() == Operation.Kind.DELETE);
        }
        Set<ByteBuffer> valuesSeen = new HashSet<>();
        for (Operation operation : answered) {
            ByteBuffer value = Before.of(operation).value;
            if (value != null) {
                valuesSeen.add(value);
            }
        }
        Map<ByteBuffer, Long> writers = operations.stream()
                .filter(operation -> operation.kind() == Operation.Kind.PUT)
                .collect(Collectors.groupingBy(Operation::value, Collectors.counting()));
        for (int i = 0; i < unknown.size(); i++) {
            ByteBuffer value = unknown.get(i).value();
            seenSometime.set(i, !deletes.get(i) && valuesSeen.contains(value));
            onlyWriters.set(i, !deletes.get(i) && writers.getOrDefault(value, 0L) == 1);
        }
        kinds = kinds();
        answered.sort(Comparator.comparingLong(Operation::revision)
                .thenComparing(operation -> !operation.mutated())
                .thenComparingLong(Operation::invokedAt));
        firstCompletion = new long[answered.size() + 1];
        firstCompletion[answered.size()] = Long.MAX_VALUE;
        for (int i = answered.size() - 1; i >= 0; i--) {
            firstCompletion[i] =
                    Math.min(firstCompletion[i + 1], answered.get(i).completedAt());
        }
        shownNext = new ByteBuffer[answered.size()];
        for (int i = answered.size() - 1; i >= 0; i--) {
            Operation operation = answered.get(i);
            // A refusal neither changes the key nor shows its value.
            boolean passes = operation.outcome() instanceof Outcome.PreconditionFailed && i + 1 < answered.size();
            shownNext[i] = passes ? shownNext[i + 1] : Before.of(operation).value;
        }
    }

    private int[] kinds() {
        Map<Object, Integer> numbers = new HashMap<>();
        int[] kinds = new int[unknown.size()];
        for (int i = 0; i < kinds.length; i++) {
            Operation operation = unknown.get(i);
            Object kind = seenSometime.get(i) ? i : List.of(operation.kind(), operation.precondition());
            Integer number = numbers.putIfAbsent(kind, numbers.size());
            kinds[i] = number == null ? numbers.size() - 1 : number;
        }
        return kinds;
    }

    Result run() {
        open.push(new Configuration(0, new BitSet(), Register.ABSENT));
        while (!open.isEmpty()) {
            Configuration configuration = open.pop();
            if (configuration.answered == answered.size()) {
                return Result.EXPLAINED;
            }
            if (seen.add(configuration)) {
                if (seen.size() > configurationsMax) {
                    return Result.GAVE_UP;
                }
                expand(configuration);
            }
        }
        return Result.UNEXPLAINED;
    }

    long configurations() {
        return seen.size();
    }

    /** Opens what may follow; what is opened last is looked at first. */
    private void expand(Configuration configuration) {
        Operation next = answered.get(configuration.answered);
        Register.Step step = configuration.register.answered(next);
        if (step.next() == null) {
            remember(configuration);
            openUnknown(configuration, next);
        } else {
            // An answer tells the whole register, so whatever came before it is the same afterwards; but for a refusal.
            if (next.outcome() instanceof Outcome.PreconditionFailed) {
                openUnknown(configuration, next);
            }
            open.push(new Configuration(configuration.answered + 1, configuration.applied, step.next()));
        }
    }

    /** Opens the writes with unknown outcomes that may bring the register to where {@code next} saw it. */
    private void openUnknown(Configuration configuration, Operation next) {
        Register register = configuration.register;
        Before before = Before.of(next);
        if (before.modRevision > 0 && before.modRevision <= register.revision()) {
            return; // What takes effect from here on has a greater revision than the one that it saw.
        }
        BitSet pending = pending(configuration);
        if (before.createRevision > 0 && before.createRevision <= register.revision()) {
            pending.andNot(deletes); // Nor did what it saw begin again.
        }
        boolean deletable = pending.intersects(deletes);
        long putsNeeded = before.version - register.version();
        if (before.version >= 0 && putsNeeded <= 0) {
            if (!deletable || !register.exists()) {
                return; // Puts only make the version greater.
            }
            if (noneWaitsForAPut(pending, register)) {
                pending.and(deletes); // A put before a delete changes nothing that the delete leaves.
            }
        }
        if (putsNeeded > 0) {
            BitSet puts = (BitSet) pending.clone();
            puts.andNot(deletes);
            if (putsNeeded > puts.cardinality() || putsNeeded > next.revision() - register.revision()) {
                return;
            }
        }
        keepFirstOfEachKind(pending);
        for (int rank = RANKS - 1; rank >= 0; rank--) {
            for (int i = pending.previousSetBit(unknown.size()); i >= 0; i = pending.previousSetBit(i - 1)) {
                if (rank == rank(i, before)) {
                    open(configuration, i);
                }
            }
        }
    }

    private BitSet pending(Configuration configuration) {
        BitSet pending = new BitSet();
        ByteBuffer shown = shownNext[configuration.answered];
        for (int i = 0; i < unknown.size(); i++) {
            Operation operation = unknown.get(i);
            boolean inPlace = !seenSometime.get(i)
                    || !onlyWriters.get(i)
                    || operation.value().equals(shown);
            pending.set(
                    i,
                    inPlace
                            && !configuration.applied.get(i)
                            && operation.invokedAt() < firstCompletion[configuration.answered]
                            && configuration.register.mayStillHold(operation.precondition()));
        }
        return pending;
    }

    private void keepFirstOfEachKind(BitSet pending) {
        BitSet met = new BitSet();
        for (int i = pending.nextSetBit(0); i >= 0; i = pending.nextSetBit(i + 1)) {
            pending.set(i, !met.get(kinds[i]));
            met.set(kinds[i]);
        }
    }

    /** Whether no delete has a condition that one of the unknown puts might bring about. */
    private boolean noneWaitsForAPut(BitSet pending, Register register) {
        return pending.stream()
                .filter(deletes::get)
                .noneMatch(i -> unknown.get(i).precondition() instanceof Precondition.ModRevision mod
                        && mod.expected() > register.revision());
    }

    /** The one that the next answer shows, then those that no answer shows; the others may be needed later. */
    private int rank(int i, Before before) {
        if (deletes.get(i)) {
            return 1;
        }
        return unknown.get(i).value().equals(before.value) ? 0 : seenSometime.get(i) ? 2 : 1;
    }

    private void open(Configuration configuration, int i) {
        Register next = configuration.register.unknown(unknown.get(i)).next();
        if (next != null) {
            BitSet applied = (BitSet) configuration.applied.clone();
            applied.set(i);
            open.push(new Configuration(configuration.answered, applied, next));
        }
    }

    /**
     * What an answer tells of the key in front of its operation.
     *
     * @param version 0: it did not exist; -1: the answer does not tell
     * @param createRevision 0: the answer does not tell
     * @param modRevision 0: the answer does not tell
     * @param value null: the answer does not tell
     */
    private record Before(
            long version,
            long createRevision,
            long modRevision,
            @Nullable ByteBuffer value) {
        private static final Before ABSENT = new Before(0, 0, 0, null);

        static Before of(Operation operation) {
            if (operation.read() != null) {
                KeyValue seen = operation.read().keyValue();
                return seen == null ? ABSENT : of(seen);
            }
            if (operation.outcome() instanceof Outcome.Written written) {
                if (written.previous() != null) {
                    return of(written.previous());
                }
                return written.created()
                        ? ABSENT
                        : new Before(written.version() - 1, written.createRevision(), 0, null);
            }
            if (operation.outcome() instanceof Outcome.Deleted deleted) {
                if (deleted.previous() != null) {
                    return of(deleted.previous());
                }
                return deleted.deleted() == 0 ? ABSENT : new Before(-1, 0, 0, null);
            }
            if (operation.outcome() instanceof Outcome.PreconditionFailed failed) {
                return failed.modRevision() == 0 ? ABSENT : new Before(-1, 0, failed.modRevision(), null);
            }
            return new Before(-1, 0, 0, null);
        }

        private static Before of(KeyValue seen) {
            return new Before(seen.version(), seen.createRevision(), seen.modRevision(), seen.value());
        }
    }

    private void remember(Configuration configuration) {
        if (configuration.answered > deepest) {
            deepest = configuration.answered;
            stuck.clear();
        }
        if (configuration.answered == deepest && stuck.size() < SHOWN_REFUSALS) {
            stuck.add(configuration);
        }
    }

    /** For people: the first operation that fits nowhere, what came before it, and what might have come between. */
    String explanation() {
        Operation culprit = answered.get(deepest);
        StringBuilder text = new StringBuilder("No order of the operations on key '" + culprit.key() + "' explains\n");
        line(text, culprit);
        text.append("because\n");
        for (Configuration configuration : stuck) {
            text.append("  ")
                    .append(configuration.register.answered(culprit).refusal())
                    .append(", where the key is ")
                    .append(configuration.register);
            if (!configuration.applied.isEmpty()) {
                text.append(", if these took effect:");
                configuration.applied.stream()
                        .forEach(i -> text.append(" #").append(unknown.get(i).id()));
            }
            text.append('\n');
        }
        text.append("Before it, by revision:\n");
        answered.subList(Math.max(0, deepest - SHOWN_BEFORE), deepest).forEach(operation -> line(text, operation));
        section(text, "With unknown outcomes:", unknown, culprit);
        section(
                text,
                "Not applied, as their clients were told:",
                all.stream()
                        .filter(operation -> operation.completion() == Operation.Completion.FAIL)
                        .toList(),
                culprit);
        return text.toString();
    }

    private static void section(StringBuilder text, String title, List<Operation> operations, Operation culprit) {
        List<Operation> before = operations.stream()
                .filter(operation -> operation.invokedAt() < culprit.completedAt())
                .toList();
        if (!before.isEmpty()) {
            text.append(title).append('\n');
            before.subList(Math.max(0, before.size() - SHOWN_BEFORE), before.size())
                    .forEach(operation -> line(text, operation));
        }
    }

    private static void line(StringBuilder text, @Nullable Operation operation) {
        text.append("  ").append(operation).append('\n');
    }
}

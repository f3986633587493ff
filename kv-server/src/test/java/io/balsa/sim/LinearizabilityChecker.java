package io.balsa.sim;

import io.balsa.kv.Key;
import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Decides whether a history can be explained by a store that does one operation after the other, each between its
 * invocation and its completion.
 *
 * <p>Two kinds of rule. The store's revision is one counter, so it is looked at across all keys, in one pass: (a) no two
 * changes have one revision; (b) a change that was invoked after anything completed has a greater revision; (c) a read
 * or a refusal that was invoked after anything completed has no smaller one. Then each key is a history of its own
 * (linearizability is local), and {@link RegisterSearch} looks for an order of its operations.
 *
 * <p>Stateless, any thread.
 */
public final class LinearizabilityChecker {
    /** Configurations that the search of one key may look at. */
    static final int CONFIGURATIONS_MAX = 2_000_000;

    private LinearizabilityChecker() {}

    /** What a check found. */
    public sealed interface Verdict {
        /** There is an explanation; {@code configurations} is what the search looked at. */
        record Linearizable(int operations, long configurations) implements Verdict {}

        /** There is none. */
        record Violation(String explanation) implements Verdict {}

        /** The search gave up: nothing is known, which is not a pass. */
        record TooHard(Key key, long configurations) implements Verdict {}
    }

    public static Verdict check(History history) {
        return check(history.operations(), CONFIGURATIONS_MAX);
    }

    /** Throws AssertionError with the explanation unless the history is linearizable. */
    public static void require(History history) {
        Verdict verdict = check(history);
        if (verdict instanceof Verdict.Violation violation) {
            throw new AssertionError(violation.explanation());
        }
        if (verdict instanceof Verdict.TooHard) {
            throw new AssertionError("the history is too hard to check: " + verdict);
        }
    }

    static Verdict check(List<Operation> operations, int configurationsMax) {
        String explanation = revisionsThatGoBack(operations);
        if (explanation.isEmpty()) {
            explanation = revisionsThatAreSharedByKeys(operations);
        }
        if (!explanation.isEmpty()) {
            return new Verdict.Violation(explanation);
        }
        Map<Key, List<Operation>> byKey = new TreeMap<>();
        for (Operation operation : operations) {
            byKey.computeIfAbsent(operation.key(), key -> new ArrayList<>()).add(operation);
        }
        long configurations = 0;
        Verdict.TooHard tooHard = null;
        for (Map.Entry<Key, List<Operation>> entry : byKey.entrySet()) {
            RegisterSearch search = new RegisterSearch(entry.getValue(), configurationsMax);
            switch (search.run()) {
                case EXPLAINED -> configurations += search.configurations();
                case UNEXPLAINED -> {
                    return new Verdict.Violation(search.explanation());
                }
                case GAVE_UP -> tooHard = new Verdict.TooHard(entry.getKey(), search.configurations());
            }
        }
        return tooHard == null ? new Verdict.Linearizable(operations.size(), configurations) : tooHard;
    }

    /** Rules (b) and (c). */
    private static String revisionsThatGoBack(List<Operation> operations) {
        List<Operation> answered = operations.stream()
                .filter(operation -> operation.completion() == Operation.Completion.OK)
                .toList();
        List<Operation> byInvocation = sorted(answered, Comparator.comparingLong(Operation::invokedAt));
        List<Operation> byCompletion = sorted(answered, Comparator.comparingLong(Operation::completedAt));
        Operation latest = null; // The one with the greatest revision among those completed.
        int completed = 0;
        for (Operation operation : byInvocation) {
            while (byCompletion.get(completed).completedAt() < operation.invokedAt()) {
                Operation done = byCompletion.get(completed++);
                latest = latest == null || done.revision() > latest.revision() ? done : latest;
            }
            if (latest == null) {
                continue;
            }
            if (operation.revision() < latest.revision()
                    || (operation.revision() == latest.revision() && operation.mutated())) {
                return "The store's revision did not go on: revision " + latest.revision() + " was seen by\n  " + latest
                        + "\nand afterwards, revision " + operation.revision() + " by\n  " + operation;
            }
        }
        return "";
    }

    private static List<Operation> sorted(List<Operation> operations, Comparator<Operation> order) {
        return operations.stream().sorted(order).toList();
    }

    /** Rule (a), also where a change is known only by what a read saw of it. */
    private static String revisionsThatAreSharedByKeys(List<Operation> operations) {
        Map<Long, Operation> changes = new HashMap<>();
        Map<Long, Operation> seen = new HashMap<>();
        for (Operation operation : operations) {
            if (operation.completion() == Operation.Completion.OK && operation.mutated()) {
                Operation other = changes.put(operation.revision(), operation);
                if (other != null) {
                    return sharedRevision(operation.revision(), other, operation);
                }
                seen.put(operation.revision(), operation);
            }
        }
        for (Operation operation : operations) {
            long modRevision = modRevisionSeen(operation);
            Operation other = modRevision == 0 ? null : seen.putIfAbsent(modRevision, operation);
            if (other != null && !other.key().equals(operation.key())) {
                return sharedRevision(modRevision, other, operation);
            }
        }
        return "";
    }

    /** 0: none. */
    private static long modRevisionSeen(Operation operation) {
        if (operation.outcome() instanceof Outcome.PreconditionFailed failed) {
            return failed.modRevision();
        }
        KeyValue seen = operation.read() == null ? null : operation.read().keyValue();
        return seen == null ? 0 : seen.modRevision();
    }

    private static String sharedRevision(long revision, Operation first, Operation second) {
        return "Two changes have revision " + revision + ":\n  " + first + "\n  " + second;
    }
}

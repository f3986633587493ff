package io.balsa.sim;

import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import io.balsa.kv.Precondition;
import io.balsa.kv.QueryResult;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one key between two operations, and what each operation may make of it: the specification that a
 * history is held to. Immutable.
 *
 * @param value null: the key does not exist, and version, createRevision and modRevision are 0
 * @param createRevision negative: a write with an unknown outcome created it, at this revision or later
 * @param modRevision negative: a write with an unknown outcome changed it last, at this revision or later
 * @param revision the store's revision is this or more
 */
record Register(@Nullable ByteBuffer value, long version, long createRevision, long modRevision, long revision) {
    static final Register ABSENT = new Register(null, 0, 0, 0, 0);

    /** The register behind an operation, or why it cannot be here. */
    record Step(@Nullable Register next, String refusal) {
        static Step to(Register next) {
            return new Step(next, "");
        }

        static Step refused(String why) {
            return new Step(null, why);
        }
    }

    boolean exists() {
        return value != null;
    }

    /** An operation that was answered, with that answer. */
    Step answered(Operation operation) {
        if (operation.revision() < revision) {
            return Step.refused("the store's revision was " + revision + " already");
        }
        if (operation.read() != null) {
            return read(operation.read());
        }
        if (operation.outcome() instanceof Outcome.Written written) {
            return operation.kind() == Operation.Kind.PUT ? written(operation, written) : notAnAnswer(operation);
        }
        if (operation.outcome() instanceof Outcome.Deleted deleted) {
            return operation.kind() == Operation.Kind.DELETE ? deleted(operation, deleted) : notAnAnswer(operation);
        }
        if (operation.outcome() instanceof Outcome.PreconditionFailed failed) {
            return preconditionFailed(operation.precondition(), failed);
        }
        return notAnAnswer(operation);
    }

    /** A write whose outcome nobody knows, if it takes effect here; refused where it would have none. */
    Step unknown(Operation operation) {
        if (!mayHold(operation.precondition())) {
            return Step.refused("its condition does not hold");
        }
        long next = revision + 1;
        if (operation.kind() == Operation.Kind.PUT) {
            return Step.to(
                    new Register(operation.value(), version + 1, exists() ? createRevision : -next, -next, next));
        }
        return exists() ? Step.to(new Register(null, 0, 0, 0, next)) : Step.refused("there is nothing to delete");
    }

    private Step written(Operation operation, Outcome.Written written) {
        String refusal = mutation(operation, written.revision(), written.previous());
        if (!refusal.isEmpty()) {
            return Step.refused(refusal);
        }
        if (written.version() != version + 1) {
            return Step.refused("its version would be " + (version + 1));
        }
        boolean created = exists()
                ? matches(createRevision, written.createRevision())
                : written.createRevision() == written.revision();
        if (!created) {
            return Step.refused("the key was created at " + revisionText(createRevision));
        }
        return Step.to(new Register(
                operation.value(),
                written.version(),
                written.createRevision(),
                written.revision(),
                written.revision()));
    }

    private Step deleted(Operation operation, Outcome.Deleted deleted) {
        if (deleted.deleted() == 0) {
            if (exists()) {
                return Step.refused("there is a key to delete");
            }
            return operation.precondition().holds(0)
                    ? Step.to(at(deleted.revision()))
                    : Step.refused("its condition does not hold");
        }
        if (!exists()) {
            return Step.refused("there is no key to delete");
        }
        String refusal = mutation(operation, deleted.revision(), deleted.previous());
        return refusal.isEmpty() ? Step.to(new Register(null, 0, 0, 0, deleted.revision())) : Step.refused(refusal);
    }

    /** What every change of the key must meet; empty when it does. */
    private String mutation(Operation operation, long atRevision, @Nullable KeyValue previous) {
        if (atRevision <= revision) {
            return "the store's revision was " + revision + " already";
        }
        if (!mayHold(operation.precondition())) {
            return "its condition does not hold";
        }
        return previous == null ? "" : difference(previous);
    }

    private Step preconditionFailed(Precondition precondition, Outcome.PreconditionFailed failed) {
        long seen = failed.modRevision();
        if (precondition.holds(seen)) {
            return Step.refused("its condition holds for what it saw");
        }
        if (exists() != (seen != 0) || seen > failed.revision() || (exists() && !matches(modRevision, seen))) {
            return Step.refused("the key was changed at " + revisionText(modRevision));
        }
        return Step.to(changedAt(seen).at(failed.revision()));
    }

    private Step read(QueryResult.One read) {
        KeyValue seen = read.keyValue();
        if (seen == null) {
            return exists() ? Step.refused("the key exists") : Step.to(at(read.revision()));
        }
        String refusal = difference(seen);
        if (!refusal.isEmpty()) {
            return Step.refused(refusal);
        }
        if (seen.modRevision() > read.revision()) {
            return Step.refused("it was changed after the revision that it was read at");
        }
        return Step.to(new Register(
                value, version, seen.createRevision(), seen.modRevision(), Math.max(revision, read.revision())));
    }

    private String difference(KeyValue seen) {
        if (!exists()) {
            return "the key does not exist";
        }
        if (!seen.value().equals(value)) {
            return "another value";
        }
        if (seen.version() != version) {
            return "the version is " + version;
        }
        if (!matches(modRevision, seen.modRevision())) {
            return "the key was changed at " + revisionText(modRevision);
        }
        if (!matches(createRevision, seen.createRevision()) || seen.createRevision() > seen.modRevision()) {
            return "the key was created at " + revisionText(createRevision);
        }
        return "";
    }

    private Register at(long newRevision) {
        return new Register(value, version, createRevision, modRevision, Math.max(revision, newRevision));
    }

    private Register changedAt(long seen) {
        return new Register(value, version, version == 1 ? seen : createRevision, seen, revision);
    }

    private boolean mayHold(Precondition precondition) {
        if (precondition instanceof Precondition.ModRevision mod) {
            return exists() && matches(modRevision, mod.expected());
        }
        return precondition.holds(exists() ? 1 : 0);
    }

    /** Whether it may hold here or further on: a revision that has passed and is not the key's does not come again. */
    boolean mayStillHold(Precondition precondition) {
        return !(precondition instanceof Precondition.ModRevision mod)
                || mod.expected() > revision
                || mayHold(precondition);
    }

    private static boolean matches(long known, long seen) {
        return known >= 0 ? known == seen : seen >= -known;
    }

    private static Step notAnAnswer(Operation operation) {
        return Step.refused("no " + operation.kind() + " is answered so");
    }

    private static String revisionText(long revision) {
        return revision >= 0 ? "revision " + revision : "an unknown revision, " + -revision + " or later";
    }

    @Override
    public String toString() {
        String key = value == null
                ? "absent"
                : Operation.text(value) + " (version " + version + ", created at " + revisionText(createRevision)
                        + ", changed at " + revisionText(modRevision) + ")";
        return key + ", store at revision " + revision + " or later";
    }
}

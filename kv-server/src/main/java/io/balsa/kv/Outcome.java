package io.balsa.kv;

import org.jspecify.annotations.Nullable;

/** What became of a {@link Command}. The same on every server. */
public sealed interface Outcome {
    /** The store's revision after the command. */
    long revision();

    /** A {@link Command.Put} took place; {@code version} is 1 when it created the key. */
    record Written(
            long revision,
            long version,
            long createRevision,
            @Nullable KeyValue previous) implements Outcome {
        /** The key's modRevision is the revision of the write. */
        public long modRevision() {
            return revision;
        }

        public boolean created() {
            return version == 1;
        }
    }

    /** A delete took place and removed {@code deleted} keys; with 0 the revision did not move. */
    record Deleted(long revision, long deleted, @Nullable KeyValue previous) implements Outcome {}

    /** Nothing changed: the key is at {@code modRevision} (0: it does not exist). */
    record PreconditionFailed(long revision, long modRevision) implements Outcome {}

    /** Nothing changed: the range holds more keys than one command may delete. */
    record RangeTooLarge(long revision, int keysMax) implements Outcome {}

    /** Nothing changed: this idempotency key was used for another command. */
    record IdempotencyKeyReused(long revision) implements Outcome {}

    /** Nothing changed for clients: the cluster has another membership now. */
    record MembershipRecorded(long revision) implements Outcome {}

    /** Nothing changed: the command could not be read ({@code reason} says why). */
    record Invalid(long revision, String reason) implements Outcome {}
}

package io.balsa.kv;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The replicated state machine: applies the committed commands in the order of the log and answers queries. Owned by one
 * thread.
 *
 * <p>{@link #apply} is total and pure. Whatever the bytes are, it answers, and the answer and the state behind it follow
 * from the commands so far alone, so servers that have applied the same log hold the same state. It keeps three things in
 * memory beside the {@link State}, the revision, the hash and the counters of the idempotency records: whoever replaces the
 * state's content calls {@link #reload}.
 */
public final class KvStateMachine {
    /** The oldest idempotency record goes when there are more. */
    public static final int IDEMPOTENCY_RECORDS_MAX = 65_536;

    /** The oldest idempotency records go when all of them measure more, keys included. */
    public static final long IDEMPOTENCY_BYTES_MAX = 64L << 20;

    private final State state;
    private final Records records;
    private final IdempotencyTable idempotency;
    private final Queries queries;
    private long revision;

    public KvStateMachine(State state) {
        this(state, IDEMPOTENCY_RECORDS_MAX, IDEMPOTENCY_BYTES_MAX);
    }

    KvStateMachine(State state, int idempotencyRecordsMax, long idempotencyBytesMax) {
        this.state = state;
        this.records = new Records(state);
        this.idempotency = new IdempotencyTable(records, idempotencyRecordsMax, idempotencyBytesMax);
        this.queries = new Queries(state);
        reload();
    }

    /** The state's content is another one: that of a snapshot. */
    public void reload() {
        records.reload();
        byte[] stored = state.get(Tables.REVISION);
        revision = stored == null ? 0 : Tables.number(stored, 0);
        idempotency.reload();
    }

    /**
     * Applies the command of the log's entry {@code index}; one that cannot be read changes nothing on any server.
     *
     * @param index {@link #lastApplied} + 1, or AssertionError
     * @param command read from position to limit, which do not move; not changed by anyone afterwards
     */
    public Outcome apply(long index, ByteBuffer command) {
        checkNext(index);
        Outcome outcome;
        try {
            Command decoded = CommandCodec.decode(command);
            outcome = decoded instanceof Command.Once once ? applyOnce(once, command) : apply(decoded);
        } catch (MalformedCommandException malformed) {
            outcome = new Outcome.Invalid(revision, malformed.reason());
        }
        records.applied(index);
        return outcome;
    }

    /**
     * Records the cluster's membership, so that it is always as old as the state, on this disk and in every copy of it.
     *
     * @param index {@link #lastApplied} + 1, or AssertionError
     * @param membership the entry's command, which means nothing here; read from position to limit, which do not move
     */
    public Outcome applyMembership(long index, ByteBuffer membership) {
        checkNext(index);
        ByteBuffer record = ByteBuffer.allocate(Long.BYTES + membership.remaining());
        record.putLong(index).put(membership.duplicate());
        records.put(Tables.MEMBERSHIP, record.array());
        records.applied(index);
        return new Outcome.MembershipRecorded(revision);
    }

    /** The last one recorded; null when there was none. */
    public @Nullable RecordedMembership membership() {
        byte[] record = state.get(Tables.MEMBERSHIP);
        return record == null
                ? null
                : new RecordedMembership(
                        Tables.number(record, 0),
                        ByteBuffer.wrap(record, Long.BYTES, record.length - Long.BYTES)
                                .slice()
                                .asReadOnlyBuffer());
    }

    /** The command of the log's entry {@code index}. */
    public record RecordedMembership(long index, ByteBuffer command) {}

    /** Advances over an entry that holds nothing for this machine: a no-op. */
    public void applyNoOp(long index) {
        checkNext(index);
        records.applied(index);
    }

    /** Answers from the state as it is now. */
    public QueryResult query(Query query) {
        return queries.answer(query, revision);
    }

    /** One more for each command that changed a key; it never goes back. */
    public long revision() {
        return revision;
    }

    /** Whether a command may be applied now; see {@link State#hasRoom}. */
    public boolean hasRoom() {
        return state.hasRoom();
    }

    /** The index of the last entry applied. */
    public long lastApplied() {
        return state.lastApplied();
    }

    /** The index of the last entry whose effects are durable. */
    public long durableIndex() {
        return state.durableIndex();
    }

    /** See {@link State#liveBytes}. */
    public long stateBytes() {
        return state.liveBytes();
    }

    /**
     * {@link StateHash} of all of the state, kept up to date by each entry: equal on servers with equal {@link #lastApplied}, or
     * one of them is wrong.
     */
    public long stateHash() {
        return records.hash();
    }

    private void checkNext(long index) {
        if (index != state.lastApplied() + 1) {
            throw new AssertionError("entry " + index + " applied behind entry " + state.lastApplied());
        }
    }

    private Outcome applyOnce(Command.Once once, ByteBuffer command) {
        byte[] hash = idempotency.hash(command);
        IdempotencyTable.Attempt first = idempotency.first(once.id());
        if (first != null) {
            return first.isOf(hash) ? first.outcome() : new Outcome.IdempotencyKeyReused(revision);
        }
        Outcome outcome = apply(once.command());
        idempotency.remember(once.id(), hash, outcome);
        return outcome;
    }

    private Outcome apply(Command command) {
        if (command instanceof Command.Put put) {
            return put(put);
        }
        if (command instanceof Command.Delete delete) {
            return delete(delete);
        }
        if (command instanceof Command.DeleteRange deleteRange) {
            return deleteRange(deleteRange);
        }
        throw new AssertionError("no way to apply " + command);
    }

    private Outcome put(Command.Put put) {
        byte[] record = Tables.keyRecord(put.key());
        byte[] previous = state.get(record);
        if (!put.precondition().holds(modRevision(previous))) {
            return new Outcome.PreconditionFailed(revision, modRevision(previous));
        }
        advanceRevision();
        long version = previous == null ? 1 : Tables.version(previous) + 1;
        long createRevision = previous == null ? revision : Tables.createRevision(previous);
        records.put(record, previous, Tables.keyValueRecord(createRevision, revision, version, put.value()));
        return new Outcome.Written(
                revision, version, createRevision, previous(put.key(), previous, put.returnPrevious()));
    }

    private Outcome delete(Command.Delete delete) {
        byte[] record = Tables.keyRecord(delete.key());
        byte[] previous = state.get(record);
        if (!delete.precondition().holds(modRevision(previous))) {
            return new Outcome.PreconditionFailed(revision, modRevision(previous));
        }
        if (previous == null) {
            return new Outcome.Deleted(revision, 0, null);
        }
        advanceRevision();
        records.remove(record, previous);
        return new Outcome.Deleted(revision, 1, previous(delete.key(), previous, delete.returnPrevious()));
    }

    private Outcome deleteRange(Command.DeleteRange delete) {
        List<byte[]> found = new ArrayList<>();
        queries.scanKeys(delete.range(), (record, value) -> {
            found.add(record);
            return found.size() <= delete.keysMax();
        });
        if (found.size() > delete.keysMax()) {
            return new Outcome.RangeTooLarge(revision, delete.keysMax());
        }
        if (!found.isEmpty()) {
            advanceRevision();
            found.forEach(records::remove);
        }
        return new Outcome.Deleted(revision, found.size(), null);
    }

    private void advanceRevision() {
        revision++;
        // The record before is read, though it is known: one that was changed behind the server's back shows in the
        // hash.
        records.put(Tables.REVISION, Tables.numbers(revision));
    }

    private static long modRevision(byte @Nullable [] keyValueRecord) {
        return keyValueRecord == null ? 0 : Tables.modRevision(keyValueRecord);
    }

    private static @Nullable KeyValue previous(Key key, byte @Nullable [] keyValueRecord, boolean asked) {
        return asked && keyValueRecord != null ? Tables.keyValue(key, keyValueRecord, true) : null;
    }
}

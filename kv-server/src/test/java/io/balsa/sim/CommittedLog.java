package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.kv.Key;
import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import io.balsa.kv.Reference;
import io.balsa.kv.StateHash;
import io.balsa.raft.EntryId;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The one log of everything that was ever committed, and what the plain model makes of it: the outcome of every entry and
 * the keys at every revision. Whatever a server commits, applies or answers must agree with it.
 */
final class CommittedLog {
    private record Committed(
            LogEntry entry, long inTerm, @Nullable Outcome outcome) {}

    private final List<Committed> log = new ArrayList<>();
    private final Reference reference;
    private final Collection<Key> keys;
    private final List<Map<Key, KeyValue>> keysAtRevision = new ArrayList<>(List.of(new TreeMap<>()));
    private final TreeMap<Long, Long> stateHashes = new TreeMap<>();
    private Membership membership = Membership.NONE;

    /** @param keys every key that may occur; may grow */
    CommittedLog(int idempotencyRecordsMax, Collection<Key> keys) {
        this.reference = new Reference(idempotencyRecordsMax);
        this.keys = keys;
    }

    /** The cluster begins with this one. */
    void begin(Membership first) {
        membership = first;
    }

    /** The newest that is committed. */
    Membership membership() {
        return membership;
    }

    long lastIndex() {
        return log.size();
    }

    LogEntry entry(long index) {
        return log.get((int) index - 1).entry();
    }

    /** The store's revision behind the last committed entry. */
    long revision() {
        return (long) keysAtRevision.size() - 1;
    }

    /** The last index that was committed by a leader of a term before {@code term}. */
    long lastIndexCommittedBefore(long term) {
        int index = log.size();
        while (index > 0 && log.get(index - 1).inTerm() >= term) {
            index--;
        }
        return index;
    }

    /** @param inTerm of the leader that committed it */
    void extend(LogEntry entry, long inTerm) {
        unless(
                entry.index() == lastIndex() + 1,
                "StateMachineSafety",
                "entry %s committed behind entry %d",
                entry.id(),
                log.size());
        boolean change = entry.kind() == LogEntry.Kind.MEMBERSHIP;
        if (change) {
            changed(entry.membership());
        }
        Outcome outcome = change || entry.isNoOp() ? null : reference.apply(entry.command());
        log.add(new Committed(entry, inTerm, outcome));
        if (outcome != null && outcome.revision() == revision() + 1) {
            keysAtRevision.add(reference.present(keys));
        }
    }

    /** Majorities of two memberships that follow each other share a server. */
    private void changed(Membership next) {
        Set<NodeId> different = new TreeSet<>(next.voters());
        membership.voters().forEach(voter -> {
            if (!different.remove(voter)) {
                different.add(voter);
            }
        });
        unless(different.size() <= 1, "OneChangeAtATime", "%s follows %s", next, membership);
        membership = next;
    }

    /** A client was told that its command was applied at this index, with this outcome. */
    void checkApplied(LogEntry proposed, Outcome outcome) {
        unless(
                proposed.index() <= log.size(),
                "AnswersAreCommitted",
                "%s was answered, but only %d entries are committed",
                proposed.id(),
                log.size());
        Committed committed = log.get((int) proposed.index() - 1);
        unless(
                committed.entry().equals(proposed),
                "AnswersAreCommitted",
                "%s was answered, but %s is committed there",
                proposed.id(),
                committed.entry().id());
        unless(
                outcome.equals(committed.outcome()),
                "OutcomesFollowTheLog",
                "%s gave %s instead of %s",
                proposed.id(),
                outcome,
                committed.outcome());
    }

    /** A client was answered this, from a state of that revision. */
    void checkRead(QueryResult result, Query query) {
        unless(
                result.revision() <= revision(),
                "ReadsAreCommitted",
                "revision %d was read, %d is committed",
                result.revision(),
                revision());
        Map<Key, KeyValue> then = keysAtRevision.get((int) result.revision());
        if (query instanceof Query.Get get && result instanceof QueryResult.One one) {
            KeyValue expected = then.get(get.key());
            unless(
                    Objects.equals(expected, one.keyValue()),
                    "ReadsFollowTheLog",
                    "%s was read as %s instead of %s",
                    get.key(),
                    one,
                    expected);
        } else if (query instanceof Query.Page asked && result instanceof QueryResult.Page page) {
            byte[] prefix = asked.range().start();
            List<KeyValue> expected = then.values().stream()
                    .filter(keyValue -> keyValue.key().startsWith(prefix))
                    .toList();
            unless(
                    page.items().equals(expected),
                    "ReadsFollowTheLog",
                    "the page at revision %d was %s instead of %s",
                    page.revision(),
                    page.items(),
                    expected);
        }
    }

    /** Servers that have applied as much hold the same, and know what it hashes to; but for those that were made to diverge. */
    void checkStateHash(SimulatedServer server, SimulatedServer.Life life, long index) {
        checkStateHash(server, life.state, index);
        long recorded = StateHash.recorded(life.state).orElse(0);
        unless(
                server.diverged() || life.machine.stateHash() == recorded,
                "HashIsTheStates",
                "%s takes its state behind entry %d to hash to %x, and that says %x",
                server.id,
                index,
                life.machine.stateHash(),
                recorded);
    }

    /** The same of a state that its machine has not looked at yet. */
    void checkStateHash(SimulatedServer server, SimulatedState state, long index) {
        if (server.diverged()) {
            return;
        }
        long hash = StateHash.of(state);
        Long other = stateHashes.putIfAbsent(index, hash);
        unless(
                other == null || other == hash,
                "EqualStates",
                "%s has another state than others behind entry %d",
                server.id,
                index);
        unless(
                index == 0 || StateHash.recorded(state).orElse(~hash) == hash,
                "HashIsTheStates",
                "the state of %s behind entry %d hashes to %x, and says %s",
                server.id,
                index,
                hash,
                StateHash.recorded(state));
    }

    /** Some server has let go of its log up to there, or is about to. */
    void checkSnapshot(String server, EntryId lastIncluded) {
        long index = lastIncluded.index();
        unless(
                index == 0 || (index <= lastIndex() && entry(index).id().equals(lastIncluded)),
                "LogMatching",
                "%s has let go of what was up to %s, which is not what is committed there",
                server,
                lastIncluded);
    }
}

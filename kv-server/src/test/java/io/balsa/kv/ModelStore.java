package io.balsa.kv;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The state machine once more, as plainly as it can be written: no bytes, no tables, every query computed in full. */
final class ModelStore {
    private final TreeMap<Key, KeyValue> keys = new TreeMap<>();
    private final LinkedHashMap<IdempotencyKey, Map.Entry<Command, Outcome>> attempts = new LinkedHashMap<>();
    private final int attemptsMax;
    private long revision;

    ModelStore(int attemptsMax) {
        this.attemptsMax = attemptsMax;
    }

    long revision() {
        return revision;
    }

    Outcome apply(Command command) {
        if (command instanceof Command.Once once) {
            Map.Entry<Command, Outcome> first = attempts.get(once.id());
            if (first != null) {
                return first.getKey().equals(once.command())
                        ? first.getValue()
                        : new Outcome.IdempotencyKeyReused(revision);
            }
            Outcome outcome = apply(once.command());
            attempts.put(once.id(), Map.entry(once.command(), outcome));
            if (attempts.size() > attemptsMax) {
                attempts.remove(attempts.keySet().iterator().next());
            }
            return outcome;
        }
        if (command instanceof Command.DeleteRange delete) {
            List<Key> doomed = keysIn(delete.range());
            if (doomed.size() > delete.keysMax()) {
                return new Outcome.RangeTooLarge(revision, delete.keysMax());
            }
            revision += doomed.isEmpty() ? 0 : 1;
            doomed.forEach(keys::remove);
            return new Outcome.Deleted(revision, doomed.size(), null);
        }
        return command instanceof Command.Put put ? put(put) : delete((Command.Delete) command);
    }

    private Outcome put(Command.Put put) {
        KeyValue old = keys.get(put.key());
        long oldRevision = old == null ? 0 : old.modRevision();
        if (!holds(put.precondition(), oldRevision)) {
            return new Outcome.PreconditionFailed(revision, oldRevision);
        }
        revision++;
        long created = old == null ? revision : old.createRevision();
        long version = old == null ? 1 : old.version() + 1;
        keys.put(put.key(), new KeyValue(put.key(), put.value(), version, created, revision));
        return new Outcome.Written(revision, version, created, put.returnPrevious() ? old : null);
    }

    private Outcome delete(Command.Delete delete) {
        KeyValue old = keys.get(delete.key());
        long oldRevision = old == null ? 0 : old.modRevision();
        if (!holds(delete.precondition(), oldRevision)) {
            return new Outcome.PreconditionFailed(revision, oldRevision);
        }
        if (old == null) {
            return new Outcome.Deleted(revision, 0, null);
        }
        keys.remove(delete.key());
        revision++;
        return new Outcome.Deleted(revision, 1, delete.returnPrevious() ? old : null);
    }

    private static boolean holds(Precondition precondition, long modRevision) {
        if (precondition instanceof Precondition.ModRevision mod) {
            return modRevision == mod.expected();
        }
        return precondition == Precondition.NONE || (precondition == Precondition.ABSENT) == (modRevision == 0);
    }

    @Nullable
    KeyValue get(Key key) {
        return keys.get(key);
    }

    private List<Key> keysIn(KeyRange range) {
        String start = RandomCommands.latin(range.start());
        List<Key> found = new ArrayList<>();
        for (Key key : keys.keySet()) {
            String text = RandomCommands.latin(key.toBytes());
            byte[] end = range.end();
            if (text.compareTo(start) >= 0 && (end == null || text.compareTo(RandomCommands.latin(end)) < 0)) {
                found.add(key);
            }
        }
        return found;
    }

    QueryResult.Count count(Query.Count query) {
        long count = keysIn(query.range()).size();
        return new QueryResult.Count(revision, Math.min(count, query.countMax()), count > query.countMax());
    }

    /** All of the listing by name, in its order; null for a folder. Limits are not looked at. */
    private Map<Key, @Nullable KeyValue> listing(Query.Page query) {
        List<Key> inRange = keysIn(query.range());
        if (query.reverse()) {
            Collections.reverse(inRange);
        }
        String after = query.after() == null ? null : RandomCommands.latin(query.after());
        Map<Key, @Nullable KeyValue> listing = new LinkedHashMap<>();
        for (Key key : inRange) {
            String text = RandomCommands.latin(key.toBytes());
            String folder = folder(text, query);
            if (after != null) {
                boolean behind = query.reverse() ? text.compareTo(after) < 0 : text.compareTo(after) > 0;
                if (!behind || (!query.reverse() && after.equals(folder))) {
                    continue;
                }
            }
            if (folder == null) {
                listing.put(key, keys.get(key));
            } else {
                listing.put(Key.of(Arrays.copyOf(key.toBytes(), folder.length())), null);
            }
        }
        return listing;
    }

    private static @Nullable String folder(String key, Query.Page query) {
        if (query.delimiter() == null || query.delimiter().length == 0) {
            return null;
        }
        String delimiter = RandomCommands.latin(query.delimiter());
        int at = key.indexOf(delimiter, query.folderPrefixBytes());
        return at < 0 ? null : key.substring(0, at + delimiter.length());
    }

    QueryResult.Page page(Query.Page query) {
        List<KeyValue> items = new ArrayList<>();
        List<Key> folders = new ArrayList<>();
        long bytes = 0;
        byte[] last = null;
        for (Map.Entry<Key, @Nullable KeyValue> entry : listing(query).entrySet()) {
            KeyValue item = entry.getValue();
            bytes += entry.getKey().length();
            bytes += item == null || query.keysOnly() ? 0 : item.value().remaining();
            int answered = items.size() + folders.size();
            if (answered == query.limit() || (answered > 0 && bytes > query.bytesMax())) {
                return new QueryResult.Page(revision, items, folders, last);
            }
            if (item == null) {
                folders.add(entry.getKey());
            } else {
                items.add(query.keysOnly() ? withoutValue(item) : item);
            }
            last = entry.getKey().toBytes();
        }
        return new QueryResult.Page(revision, items, folders, null);
    }

    private static KeyValue withoutValue(KeyValue item) {
        return new KeyValue(
                item.key(), ByteBuffer.allocate(0), item.version(), item.createRevision(), item.modRevision());
    }
}

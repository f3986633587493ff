package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.node.Storage;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A log on a disk that takes time, and that its server may crash on: before a commit, or right after it. */
final class SimulatedDisk implements Storage {
    /** What a write does beside storing, decided by the world. */
    interface Hooks {
        /** Checks what is about to be written. */
        void writing(SimulatedDisk disk, @Nullable HardState hardState, List<LogEntry> entries);

        /** Ends the process here, by an exception, or does not. */
        void mayCrash(boolean beforeCommit);
    }

    private final Hooks hooks;
    private final List<LogEntry> log = new ArrayList<>();
    private final TreeSet<Long> memberships = new TreeSet<>();
    private HardState hardState = HardState.INITIAL;
    private long entriesRead;
    private long entriesReplaced;

    SimulatedDisk(Hooks hooks) {
        this.hooks = hooks;
    }

    @Override
    public HardState hardState() {
        return hardState;
    }

    @Override
    public void write(@Nullable HardState changed, List<LogEntry> entries) {
        hooks.writing(this, changed, entries);
        hooks.mayCrash(true);
        if (changed != null) {
            hardState = changed;
        }
        if (!entries.isEmpty()) {
            List<LogEntry> replaced = log.subList((int) entries.get(0).index() - 1, log.size());
            entriesReplaced += replaced.size();
            replaced.clear();
            log.addAll(entries);
            memberships.tailSet(entries.get(0).index(), true).clear();
            for (LogEntry entry : entries) {
                if (entry.kind() == LogEntry.Kind.MEMBERSHIP) {
                    memberships.add(entry.index());
                }
            }
        }
        hooks.mayCrash(false);
    }

    @Override
    public EntryId last() {
        return idAt(log.size());
    }

    @Override
    public long termAt(long index) {
        return entry(index).term();
    }

    @Override
    public List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        unless(
                firstIndex >= 1 && firstIndex <= lastIndex && lastIndex <= log.size(),
                "StoredLogContract",
                "entries %d to %d of %d were asked for",
                firstIndex,
                lastIndex,
                log.size());
        List<LogEntry> entries = new ArrayList<>();
        long bytes = 0;
        for (long index = firstIndex; index <= lastIndex; index++) {
            LogEntry entry = entry(index);
            bytes += entry.sizeBytes();
            if (!entries.isEmpty() && bytes > bytesMax) {
                break;
            }
            entries.add(entry);
        }
        entriesRead += entries.size();
        return entries;
    }

    LogEntry entry(long index) {
        unless(
                index >= 1 && index <= log.size(),
                "StoredLogContract",
                "entry %d of %d was asked for",
                index,
                log.size());
        return log.get((int) index - 1);
    }

    /** The entries that bring a membership, in order. */
    SortedSet<Long> memberships() {
        return memberships;
    }

    /** {@link EntryId#NONE} at 0. */
    EntryId idAt(long index) {
        return index == 0 ? EntryId.NONE : entry(index).id();
    }

    boolean contains(EntryId id) {
        return id.index() <= log.size() && idAt(id.index()).equals(id);
    }

    /** How many entries were read back since the beginning. */
    long entriesRead() {
        return entriesRead;
    }

    /** How many entries another leader's replaced. */
    long entriesReplaced() {
        return entriesReplaced;
    }
}

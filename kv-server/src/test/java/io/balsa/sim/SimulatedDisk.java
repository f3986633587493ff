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
    private static final int CUT_ENTRIES = 7;

    private final List<LogEntry> log = new ArrayList<>();
    private EntryId anchor = EntryId.NONE;
    private long cutBefore;
    private long entryBytes;
    private final TreeSet<Long> memberships = new TreeSet<>();
    private HardState hardState = HardState.INITIAL;
    private long pledgeNanosMax;
    private long entriesRead;
    private long entriesReplaced;
    private long entriesCut;

    SimulatedDisk(Hooks hooks) {
        this.hooks = hooks;
    }

    /** The longest pledge that any process has given on this disk so far; from now on also {@code pledgeNanos}. */
    long pledged(long pledgeNanos) {
        long before = pledgeNanosMax;
        pledgeNanosMax = Math.max(before, pledgeNanos);
        return before;
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
            List<LogEntry> replaced = log.subList(at(entries.get(0).index()), log.size());
            entriesReplaced += replaced.size();
            entryBytes -= bytesOf(replaced);
            replaced.clear();
            log.addAll(entries);
            entryBytes += bytesOf(entries);
            cut(Math.min(cutBefore, entries.get(0).index()));
            memberships.tailSet(entries.get(0).index(), true).clear();
            for (LogEntry entry : entries) {
                if (entry.kind() == LogEntry.Kind.MEMBERSHIP) {
                    memberships.add(entry.index());
                }
            }
        }
        hooks.mayCrash(false);
    }

    private static long bytesOf(List<LogEntry> entries) {
        return entries.stream().mapToLong(LogEntry::sizeBytes).sum();
    }

    private void cut(long before) {
        for (int i = 0; i < CUT_ENTRIES && anchor.index() + 1 < before; i++) {
            LogEntry first = log.remove(0);
            entryBytes -= first.sizeBytes();
            anchor = first.id();
            entriesCut++;
        }
    }

    @Override
    public void truncateBefore(long index) {
        unless(index <= last().index() + 1, "StorageContract", "a cut before %d of a log up to %s", index, last());
        cutBefore = Math.max(cutBefore, index);
    }

    @Override
    public void reset(EntryId newAnchor) {
        hooks.mayCrash(true);
        log.clear();
        memberships.clear();
        entryBytes = 0;
        anchor = newAnchor;
        hooks.mayCrash(false);
    }

    @Override
    public long entryBytes() {
        return entryBytes;
    }

    @Override
    public EntryId anchor() {
        return anchor;
    }

    private int at(long index) {
        return (int) (index - anchor.index() - 1);
    }

    @Override
    public EntryId last() {
        return idAt(anchor.index() + log.size());
    }

    @Override
    public long termAt(long index) {
        return entry(index).term();
    }

    @Override
    public List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        unless(
                firstIndex > anchor.index() && firstIndex <= lastIndex && lastIndex <= last().index(),
                "StoredLogContract",
                "entries %d to %d were asked for, of those behind %s up to %s",
                firstIndex,
                lastIndex,
                anchor,
                last());
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
                index > anchor.index() && index <= anchor.index() + log.size(),
                "StoredLogContract",
                "entry %d was asked for, of %d behind %s",
                index,
                log.size(),
                anchor);
        return log.get(at(index));
    }

    /** The entries behind the anchor that bring a membership, in order. */
    SortedSet<Long> memberships() {
        return new TreeSet<>(memberships.tailSet(anchor.index() + 1));
    }

    /** {@link EntryId#NONE} at 0. */
    EntryId idAt(long index) {
        return index == anchor.index() ? anchor : entry(index).id();
    }

    /** It has the entry, or let it go because the state has it. */
    boolean contains(EntryId id) {
        return id.index() < anchor.index()
                || (id.index() <= last().index() && idAt(id.index()).equals(id));
    }

    /** How many entries were let go since the beginning. */
    long entriesCut() {
        return entriesCut;
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

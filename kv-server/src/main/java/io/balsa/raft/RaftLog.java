package io.balsa.raft;

import java.util.ArrayList;
import java.util.List;

/**
 * The log of one server: its tail in memory, what is older on disk, and what is older still only in the state: up to the
 * anchor, of which the term is known (§7). Indexes have no gaps; terms never decrease.
 *
 * <pre>
 *   1 ......... anchor ............ firstCached ......... written ......... last
 *   |-- state only --|-- on disk only --|-- memory and disk --|-- memory only --|
 * </pre>
 */
final class RaftLog {
    private static final long SCAN_BYTES = 1 << 20;

    private final StoredLog stored;
    private final long cacheBytesMax;
    private final Memberships memberships;
    private final ArrayList<LogEntry> cached = new ArrayList<>();
    private long firstCachedIndex;
    private long cachedBytes;
    private EntryId last;
    private long writtenIndex;
    private EntryId installed = EntryId.NONE;

    /** @param membership in force behind entry {@code lastApplied} */
    RaftLog(StoredLog stored, long cacheBytesMax, Membership membership, long lastApplied) {
        this.stored = stored;
        this.cacheBytesMax = cacheBytesMax;
        memberships = new Memberships(membership);
        last = stored.last();
        writtenIndex = last.index();
        firstCachedIndex = last.index() + 1;
        findMemberships(Math.max(lastApplied, membership.revision()));
    }

    private void findMemberships(long after) {
        long index = after;
        while (index < last.index()) {
            for (LogEntry entry : stored.read(index + 1, last.index(), SCAN_BYTES)) {
                noteMembership(entry);
                index = entry.index();
            }
        }
    }

    private void noteMembership(LogEntry entry) {
        if (entry.kind() == LogEntry.Kind.MEMBERSHIP) {
            memberships.appended(entry.membership());
        }
    }

    /** What the entries say about who belongs to the cluster. */
    Memberships memberships() {
        return memberships;
    }

    EntryId last() {
        return last;
    }

    /** The entry before the first one. It is applied and committed, so it is in every leader's log from its commit on. */
    EntryId anchor() {
        EntryId onDisk = stored.anchor();
        return installed.index() > onDisk.index() ? installed : onDisk;
    }

    long lastIndex() {
        return last.index();
    }

    /** Everything up to here is durable on this server. */
    long writtenIndex() {
        return writtenIndex;
    }

    long termAt(long index) {
        if (index == last.index()) {
            return last.term();
        }
        EntryId anchor = anchor();
        if (index == anchor.index()) {
            return anchor.term();
        }
        Check.that(
                index > anchor.index() && index < last.index(),
                "no entry %d in a log that begins behind %s and ends at %s",
                index,
                anchor,
                last);
        return index >= firstCachedIndex ? cachedAt(index).term() : stored.termAt(index);
    }

    EntryId idAt(long index) {
        return new EntryId(index, termAt(index));
    }

    /** Entries before the anchor are committed, so a leader that asks for one has the same (Leader Completeness). */
    boolean contains(EntryId id) {
        return id.index() < anchor().index() || (id.index() <= lastIndex() && termAt(id.index()) == id.term());
    }

    /**
     * The last entry at or before {@code limit.index()} whose term is at most {@code limit.term()} (end of §5.3); {@link
     * EntryId#NONE} when it would lie before the anchor.
     */
    EntryId lastNotAfter(EntryId limit) {
        long anchorIndex = anchor().index();
        long index = Math.min(limit.index(), lastIndex());
        while (index > anchorIndex && termAt(index) > limit.term()) {
            index--;
        }
        return index < anchorIndex || termAt(index) > limit.term() ? EntryId.NONE : idAt(index);
    }

    void append(LogEntry entry) {
        Check.that(entry.index() == lastIndex() + 1, "entry %s does not follow %s", entry.id(), last);
        Check.that(entry.term() >= last.term(), "the term goes back from %s to %s", last, entry.id());
        cached.add(entry);
        cachedBytes += entry.sizeBytes();
        last = entry.id();
        noteMembership(entry);
    }

    /** Adds what is new in {@code incoming}, first dropping the entries that conflict with it (§5.3). */
    void reconcile(List<LogEntry> incoming, long commitIndex) {
        for (LogEntry entry : incoming) {
            if (contains(entry.id())) {
                continue;
            }
            if (entry.index() <= lastIndex()) {
                Check.that(entry.index() > commitIndex, "%s conflicts with a committed entry", entry.id());
                truncateFrom(entry.index());
            }
            append(entry);
        }
    }

    /** A snapshot takes the place of everything: the log begins anew behind it. */
    void install(EntryId lastIncluded) {
        cached.clear();
        cachedBytes = 0;
        installed = lastIncluded;
        last = lastIncluded;
        writtenIndex = lastIncluded.index();
        firstCachedIndex = lastIncluded.index() + 1;
        memberships.truncatedFrom(lastIncluded.index() + 1);
    }

    private void truncateFrom(long index) {
        while (!cached.isEmpty() && cached.get(cached.size() - 1).index() >= index) {
            cachedBytes -= cached.remove(cached.size() - 1).sizeBytes();
        }
        last = idAt(index - 1);
        memberships.truncatedFrom(index);
        firstCachedIndex = Math.min(firstCachedIndex, index);
        writtenIndex = Math.min(writtenIndex, index - 1);
    }

    /** Entries of the range in order: at least one, then as many as fit; fewer where memory and disk meet. */
    List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        Check.that(
                anchor().index() < firstIndex && firstIndex <= lastIndex && lastIndex <= lastIndex(),
                "no entries %d to %d in a log that begins behind %s and ends at %s",
                firstIndex,
                lastIndex,
                anchor(),
                last);
        if (firstIndex < firstCachedIndex) {
            List<LogEntry> entries = stored.read(firstIndex, Math.min(lastIndex, firstCachedIndex - 1), bytesMax);
            Check.that(
                    !entries.isEmpty() && entries.get(0).index() == firstIndex, "the disk lost entry %d", firstIndex);
            return entries;
        }
        int from = (int) (firstIndex - firstCachedIndex);
        int to = from;
        long bytes = 0;
        while (firstCachedIndex + to <= lastIndex
                && (to == from || bytes + cached.get(to).sizeBytes() <= bytesMax)) {
            bytes += cached.get(to).sizeBytes();
            to++;
        }
        return List.copyOf(cached.subList(from, to));
    }

    boolean hasUnwritten() {
        return writtenIndex < lastIndex();
    }

    List<LogEntry> unwritten() {
        return List.copyOf(cached.subList((int) (writtenIndex + 1 - firstCachedIndex), cached.size()));
    }

    /** All entries are durable now; those up to {@code lastApplied} may leave the memory. */
    void written(long lastApplied) {
        writtenIndex = lastIndex();
        memberships.applied(lastApplied);
        if (cachedBytes <= cacheBytesMax) {
            return;
        }
        int drop = 0;
        // Down to half, so that this is done once in a while and not at each turn.
        while (drop < cached.size() && cached.get(drop).index() <= lastApplied && cachedBytes > cacheBytesMax / 2) {
            cachedBytes -= cached.get(drop).sizeBytes();
            drop++;
        }
        cached.subList(0, drop).clear();
        firstCachedIndex += drop;
    }

    private LogEntry cachedAt(long index) {
        return cached.get((int) (index - firstCachedIndex));
    }
}

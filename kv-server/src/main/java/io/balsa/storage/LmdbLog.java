package io.balsa.storage;

import io.balsa.node.Storage;
import io.balsa.node.StorageException;
import io.balsa.raft.Check;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A server's log: in LMDB ({@link LogTree}), but for its end ({@link Tail}).
 *
 * <p>What only appends goes to the tail, which takes one flush of as few pages as there can be. Everything else, and the
 * append for which the tail has no room, is one durable transaction of LMDB, which takes along what the tail has. Term, vote, a
 * conflict's cut, a trim and a reset are of that kind. {@link FillAhead} keeps LMDB's file longer than its content, since a
 * flush that must also record a new file length takes about twice as long.
 *
 * <p>Everything that is read is checked, and refused with a {@link StorageException} that names the entry when it is
 * damaged: nothing is ever cut off silently, since a damaged entry may be an acknowledged one.
 *
 * <p>May be opened by any thread; then owned by one, except {@link #usedBytes} and {@link #liveBytes}. After a failed
 * {@link #write} every later one is refused.
 */
public final class LmdbLog implements Storage, AutoCloseable {
    /** Address space, not disk: a log is compacted long before. */
    public static final long MAP_BYTES_DEFAULT = 64L << 30;

    private static final long NOTHING_TRIMMED = 0;

    private final Path file;
    private final CommitObserver observer;
    private final LogTree tree;
    private final Tail tail;
    private final FillAhead fill;

    private long trimTarget;
    private boolean trimDue;
    private volatile long usedBytes;
    private volatile long liveBytes;
    private boolean failed;
    private boolean closed;
    private volatile boolean abandoned;

    /**
     * What is measured rather than known.
     *
     * @param blockBytes a block is closed when it has reached this size
     * @param fillAheadBytes how far the file is kept filled ahead of its content; 0: not at all
     * @param verifiedBytes of the log's end, of which every checksum is computed when it is opened
     * @param tailBytes of blocks, what is appended at most before LMDB gets it; in whole pages
     */
    record Options(int blockBytes, long fillAheadBytes, long verifiedBytes, int tailBytes) {
        static final Options DEFAULT = new Options(64 << 10, 16 << 20, 64 << 20, 1 << 20);
    }

    private LmdbLog(Path file, LogTree tree, Options options, CommitObserver observer) {
        this.file = file;
        this.tree = tree;
        this.observer = observer;
        this.tail = takeTail(file.resolveSibling("tail"), options.tailBytes());
        this.fill = FillAhead.open(file, options.fillAheadBytes());
        fill.fillFirst(tree.usedBytes());
        noteSize();
    }

    /**
     * Has the tree take what the file holds, under a new opening, so that nothing in it counts any more. The file is there from
     * the tree's first commit on.
     */
    private Tail takeTail(Path path, int bytes) {
        EntryCodec.Head head = tree.head();
        if (head.opening() == 0) {
            Tail first = Tail.create(path, bytes);
            tree.commit(head.reopened(), List.of(), NOTHING_TRIMMED);
            return first;
        }
        List<LogEntry> left = Tail.recover(
                path, bytes, head.seal(tree.lastCommit()), tree.last().index() + 1);
        tree.commit(head.reopened(), left, NOTHING_TRIMMED);
        return Tail.open(path, bytes);
    }

    /** Opens or creates the log with the default sizes. */
    public static LmdbLog open(DataDirectory directory, CommitObserver observer) {
        return open(directory, MAP_BYTES_DEFAULT, observer);
    }

    /**
     * Opens the log, or creates it, and verifies it: that it has no gap, and every checksum of its last 64 MiB.
     *
     * @param mapBytes what the log can grow to; address space only, fixed until it is opened again
     * @throws StorageException when it is damaged, or the disk is full or fails
     */
    public static LmdbLog open(DataDirectory directory, long mapBytes, CommitObserver observer) {
        return open(directory.log(), mapBytes, Options.DEFAULT, observer);
    }

    static LmdbLog open(Path directory, long mapBytes, Options options, CommitObserver observer) {
        Path file = directory.resolve("data.mdb");
        LogTree tree = LogTree.open(file, mapBytes, options.blockBytes(), options.verifiedBytes());
        try {
            return new LmdbLog(file, tree, options, observer);
        } catch (RuntimeException failure) {
            tree.close();
            throw failure;
        }
    }

    @Override
    public HardState hardState() {
        return tree.head().hardState();
    }

    @Override
    public EntryId last() {
        List<LogEntry> appended = tail.entries();
        return appended.isEmpty()
                ? tree.last()
                : appended.get(appended.size() - 1).id();
    }

    @Override
    public EntryId anchor() {
        return tree.head().anchor();
    }

    @Override
    public long entryBytes() {
        return tree.bytes() + tail.blockBytes();
    }

    /** What the log's entries take, about. Thread-safe. */
    public long liveBytes() {
        return liveBytes;
    }

    /** What the log's pages take on disk, free ones included, without what is filled ahead. Thread-safe. */
    public long usedBytes() {
        return usedBytes;
    }

    /** Also answers for the {@link #anchor}, as Raft needs the term before the first entry. */
    @Override
    public long termAt(long index) {
        checkOpen();
        if (index == anchor().index()) {
            return anchor().term();
        }
        checkHeld(index);
        return index > tree.last().index() ? inTail(index).term() : tree.termAt(index);
    }

    @Override
    public List<LogEntry> read(long firstIndex, long lastIndex, long bytesMax) {
        checkOpen();
        checkHeld(firstIndex);
        checkHeld(lastIndex);
        long index = firstIndex;
        long bytes = 0;
        List<LogEntry> result = new ArrayList<>();
        if (firstIndex <= tree.last().index()) {
            result.addAll(tree.read(firstIndex, Math.min(lastIndex, tree.last().index()), bytesMax));
            index += result.size();
            bytes = result.stream().mapToLong(LogEntry::sizeBytes).sum();
        }
        while (index > tree.last().index() && index <= lastIndex) {
            LogEntry entry = inTail(index);
            bytes += entry.sizeBytes();
            if (bytes > bytesMax && !result.isEmpty()) {
                break;
            }
            result.add(entry);
            index++;
        }
        return result;
    }

    private LogEntry inTail(long index) {
        return tail.entries().get(Math.toIntExact(index - tree.last().index() - 1));
    }

    private void checkHeld(long index) {
        Check.that(
                index > anchor().index() && index <= last().index(),
                "entry %d is not in the log, which holds what follows %s up to %s",
                index,
                anchor(),
                last());
    }

    @Override
    public void write(@Nullable HardState hardState, List<LogEntry> newEntries) {
        checkOpen();
        if (newEntries.isEmpty() && (hardState == null || hardState.equals(hardState()))) {
            return;
        }
        checkNotFailed();
        checkFollows(newEntries);
        long start = System.nanoTime();
        failed = true; // Until it is known that it did not.
        EntryCodec.Head newHead = hardState == null ? tree.head() : tree.head().with(hardState);
        long bytes;
        if (newHead.equals(tree.head()) && onlyAppends(newEntries) && !trimDue && tail.hasRoomFor(newEntries)) {
            bytes = tail.append(newEntries, tree.head().seal(tree.lastCommit()));
        } else {
            bytes = newEntries.isEmpty() ? 0 : EntryCodec.sizeOf(newEntries);
            commit(newHead, newEntries);
        }
        failed = false;
        observer.committed(System.nanoTime() - start, newEntries.size(), bytes);
        noteSize();
    }

    private boolean onlyAppends(List<LogEntry> newEntries) {
        return newEntries.get(0).index() > last().index();
    }

    /** Writes the tree, with what the tail has and the new entries do not replace. */
    private void commit(EntryCodec.Head newHead, List<LogEntry> newEntries) {
        List<LogEntry> added = new ArrayList<>();
        for (LogEntry entry : tail.entries()) {
            if (newEntries.isEmpty() || entry.index() < newEntries.get(0).index()) {
                added.add(entry);
            }
        }
        added.addAll(newEntries);
        long replacedFrom =
                newEntries.isEmpty() ? Long.MAX_VALUE : newEntries.get(0).index();
        tree.commit(newHead, added, Math.min(trimTarget, replacedFrom));
        tail.clear();
        trimDue = false;
    }

    private void checkNotFailed() {
        if (failed) {
            throw new StorageException(file + ": an earlier commit failed, so no later one may be trusted");
        }
    }

    private void checkFollows(List<LogEntry> newEntries) {
        if (newEntries.isEmpty()) {
            return;
        }
        long expected = newEntries.get(0).index();
        Check.that(
                expected > anchor().index() && expected <= last().index() + 1,
                "entry %d does not follow the log, which ends at %s",
                expected,
                last());
        for (LogEntry entry : newEntries) {
            Check.that(entry.index() == expected, "entry %d stands where %d belongs", entry.index(), expected);
            expected++;
        }
    }

    /**
     * The entries are removed in whole blocks, beginning with the next write, and then with each that LMDB gets, a bounded
     * number at a time and faster than new ones come.
     */
    @Override
    public void truncateBefore(long index) {
        Check.that(index <= last().index() + 1, "cannot cut before %d, the log ends at %s", index, last());
        trimDue |= trimTarget <= anchor().index() + 1; // The first step: an idle log would wait long for it.
        trimTarget = Math.max(trimTarget, index);
    }

    @Override
    public void reset(EntryId anchor) {
        checkOpen();
        checkNotFailed();
        Check.that(anchor.index() > anchor().index(), "the log goes back from %s to %s", anchor(), anchor);
        long start = System.nanoTime();
        failed = true; // Until it is known that it did not.
        tree.reset(anchor);
        tail.clear();
        failed = false;
        observer.committed(System.nanoTime() - start, 0, 0);
        noteSize();
    }

    private void noteSize() {
        usedBytes = tree.usedBytes();
        liveBytes = entryBytes();
        fill.ahead(usedBytes);
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the log is closed");
        }
    }

    /** Has {@link #close} leave the files as they are. Thread-safe. */
    public void abandon() {
        abandoned = true;
    }

    /** Closes the files, after LMDB has got all; a second call does nothing. What was written is durable in any case. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (!failed && !abandoned && !tail.entries().isEmpty()) {
                commit(tree.head(), List.of());
            }
        } finally {
            tree.close();
            tail.close();
            fill.close();
        }
    }
}

package io.balsa.storage;

import io.balsa.node.Room;
import io.balsa.node.Shortage;
import io.balsa.node.StorageException;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import org.jspecify.annotations.Nullable;

/**
 * The room that one server has, measured now and then: against a quota for the state, and against what must stay free on the
 * file system. Pages that LMDB has freed count as room, since it never shrinks a file and writes to them again: so a quota is
 * cleared by deletes alone, and so is a disk that the store itself has filled. Both clear a little later than they strike, lest
 * every other write be refused. Measured by one thread; asked by any.
 */
public final class Space implements Room {
    /** In tenths: what the state must fall to of its quota, and what must be free of the least, before it clears. */
    private static final int QUOTA_CLEARS_TENTHS = 9;

    private static final int FREE_CLEARS_TENTHS = 11;

    /** However much is free inside the files: the log cannot use the state's pages. */
    private static final int BARE_FREE_PARTS = 4;

    /**
     * What is measured, in bytes.
     *
     * @param stateBytes pages of the state that are in use
     * @param reusableBytes pages of state and log that are free in their files
     * @param freeBytes on the file system
     */
    record Measure(long stateBytes, long reusableBytes, long freeBytes) {}

    /**
     * What is wanted, in bytes.
     *
     * @param quotaBytes the most that the state's pages may take
     * @param minFreeBytes the least that must be free
     */
    public record Limits(long quotaBytes, long minFreeBytes) {}

    private final DataDirectory directory;
    private final LmdbLog log;
    private final LmdbState state;
    private final Limits limits;
    private final Reserve reserve;

    /** Found once: the JDK reads all mounts for it. */
    private @Nullable FileStore fileStore;

    private volatile @Nullable Shortage shortage;
    private volatile long roomBytes = Long.MAX_VALUE;

    public Space(DataDirectory directory, LmdbLog log, LmdbState state, Limits limits) {
        this.directory = directory;
        this.log = log;
        this.state = state;
        this.limits = limits;
        this.reserve = new Reserve(directory.path().resolve("reserve"));
    }

    @Override
    public @Nullable Shortage shortage() {
        return shortage;
    }

    public Limits limits() {
        return limits;
    }

    /** What can still be written, freed pages included; as of the last {@link #measure}. */
    public long roomBytes() {
        return roomBytes;
    }

    /** Looks at the disk. On one thread. */
    public void measure() {
        long free;
        try {
            FileStore store = fileStore == null ? Files.getFileStore(directory.path()) : fileStore;
            fileStore = store;
            free = store.getUsableSpace();
        } catch (IOException failure) {
            throw new StorageException("the room on " + directory.path() + " cannot be measured: " + failure, failure);
        }
        reserve.keep(free, limits.minFreeBytes());
        long reusable =
                Math.max(0, state.usedBytes() - state.liveBytes()) + Math.max(0, log.usedBytes() - log.liveBytes());
        roomBytes = free + reusable;
        shortage = judge(new Measure(state.liveBytes(), reusable, free), limits, shortage);
    }

    static @Nullable Shortage judge(Measure measure, Limits limits, @Nullable Shortage before) {
        boolean wasOverQuota = before != null && before.kind() == Shortage.Kind.QUOTA;
        long quota = wasOverQuota ? limits.quotaBytes() / 10 * QUOTA_CLEARS_TENTHS : limits.quotaBytes();
        if (measure.stateBytes() > quota) {
            return new Shortage(Shortage.Kind.QUOTA, limits.quotaBytes(), measure.stateBytes());
        }
        boolean wasFull = before != null && before.kind() == Shortage.Kind.DISK;
        long least = wasFull ? limits.minFreeBytes() / 10 * FREE_CLEARS_TENTHS : limits.minFreeBytes();
        long room = measure.freeBytes() + measure.reusableBytes();
        if (room < least) {
            return new Shortage(Shortage.Kind.DISK, limits.minFreeBytes(), room);
        }
        if (measure.freeBytes() < least / BARE_FREE_PARTS) {
            return new Shortage(Shortage.Kind.DISK, limits.minFreeBytes() / BARE_FREE_PARTS, measure.freeBytes());
        }
        return null;
    }
}

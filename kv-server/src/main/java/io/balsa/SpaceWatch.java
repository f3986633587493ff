package io.balsa;

import io.balsa.node.Room;
import io.balsa.node.Shortage;
import io.balsa.node.StorageException;
import io.balsa.raft.NodeId;
import io.balsa.storage.Space;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks a few times a second, on a thread of its own, whether this server's disk or another voter's is short of room, and says so
 * when that changes. Every write asks it, so it answers with what it saw last.
 */
final class SpaceWatch implements Room, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpaceWatch.class);
    private static final long LOOK_MILLIS = 250;
    private static final long STOP_SECONDS_MAX = 5;

    private final NodeId self;
    private final Space space;
    private final Room others;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread created = new Thread(task, "balsa-space");
        created.setDaemon(true);
        return created;
    });
    private boolean blind;
    private volatile @Nullable Shortage seen;

    /** @param others what the other voters tell of theirs */
    SpaceWatch(NodeId self, Space space, Room others) {
        this.self = self;
        this.space = space;
        this.others = others;
    }

    void start() {
        var unused = thread.scheduleWithFixedDelay(this::lookOrSayWhyNot, 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public @Nullable Shortage shortage() {
        return seen;
    }

    /** An exception that leaves a scheduled task ends it for good. */
    private void lookOrSayWhyNot() {
        try {
            look();
        } catch (RuntimeException bug) {
            LOG.error("{}: the room on the disk is not known", self, bug);
        }
    }

    private void look() {
        try {
            space.measure();
            blind = false;
        } catch (StorageException failure) { // A disk that fails is found by who writes to it.
            if (!blind) {
                LOG.warn("{}: {}", self, failure.getMessage());
            }
            blind = true;
        }
        Shortage before = seen;
        Shortage own = space.shortage();
        Shortage now = own == null ? others.shortage() : own;
        seen = now;
        if (before == null && now != null) {
            LOG.error(
                    "{}: {} is short of room ({}): {} bytes, the limit is {}. Writes are refused until there is more; reads and"
                            + " deletes go on",
                    self,
                    own == null ? "another voter" : "this server",
                    now.kind(),
                    now.actual(),
                    now.limit());
        } else if (before != null && now == null) {
            LOG.info("{}: there is room again, here for {} MiB", self, space.roomBytes() >> 20);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        try {
            var unused = thread.awaitTermination(STOP_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

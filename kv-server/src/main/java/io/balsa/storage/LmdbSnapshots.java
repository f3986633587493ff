package io.balsa.storage;

import io.balsa.node.SnapshotDecoder;
import io.balsa.node.Snapshots;
import io.balsa.node.StorageException;
import io.balsa.raft.Check;
import io.balsa.raft.EntryId;
import io.balsa.raft.Message;
import io.balsa.raft.SnapshotChunk;
import io.balsa.raft.SnapshotTask;
import io.balsa.raft.TransferId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.LmdbException;

/**
 * The state in LMDB is its own snapshot: sends it to followers as it was at its last checkpoint, one read transaction a
 * transfer, and puts together what a leader sends. One thread sends, one receives, and neither is waited for but by {@link
 * #install}, for as long as one chunk takes.
 *
 * <p>A read transaction keeps the file from using freed pages again. So none outlives its transfer, or a time without a
 * request for the next chunk, or a time in all that follows from the state's size and the rate.
 */
public final class LmdbSnapshots implements Snapshots, AutoCloseable {
    private static final long IDLE_NANOS_MAX = TimeUnit.SECONDS.toNanos(60);
    private static final long READ_NANOS_MIN = TimeUnit.SECONDS.toNanos(60);
    private static final int READ_SLACK = 4;
    private static final long LOOK_SECONDS = 5;
    /** After the disk failed to take a snapshot; the next transfer may find room. */
    private static final long RETRY_SECONDS = 5;

    private static final long STOP_SECONDS_MAX = 10;

    private final LmdbState state;
    private final Path arriving;
    private final long mapBytes;
    private final long bytesPerSecond;
    private final Supplier<Outcomes> outcomes;
    private final Consumer<Throwable> onFailure;
    private final SnapshotObserver observer;
    private final ScheduledExecutorService sender = thread("balsa-snapshot-sender");
    private final ScheduledExecutorService receiver = thread("balsa-snapshot-receiver");

    /** Transfers that were begun and not ended. */
    private final Set<TransferId> wanted = new ConcurrentSkipListSet<>();

    /** Guarded by itself, as is the use of the state's environment for reading: an install replaces that. */
    private final Map<TransferId, SnapshotReader> readers = new TreeMap<>();

    /** Of the Raft thread. */
    private long nextReadNanos = System.nanoTime();

    /** Of the receiver's thread. */
    private @Nullable SnapshotWriter writer;

    /** The last one that is whole. */
    private volatile @Nullable SnapshotWriter arrived;

    /**
     * Nothing is sent or received before the first task.
     *
     * @param mapBytes of the state
     * @param bytesPerSecond of all transfers to followers together
     * @param outcomes told what comes of the tasks; asked for only then
     * @param onFailure told when the state's disk failed: the server must halt
     */
    public LmdbSnapshots(
            LmdbState state,
            DataDirectory directory,
            long mapBytes,
            long bytesPerSecond,
            Supplier<Outcomes> outcomes,
            Consumer<Throwable> onFailure,
            SnapshotObserver observer) {
        this(state, directory.arrivingState(), mapBytes, bytesPerSecond, outcomes, onFailure, observer);
    }

    LmdbSnapshots(
            LmdbState state,
            Path arriving,
            long mapBytes,
            long bytesPerSecond,
            Supplier<Outcomes> outcomes,
            Consumer<Throwable> onFailure,
            SnapshotObserver observer) {
        this.state = state;
        this.arriving = arriving;
        this.mapBytes = mapBytes;
        this.bytesPerSecond = bytesPerSecond;
        this.outcomes = outcomes;
        this.onFailure = onFailure;
        this.observer = observer;
        var unused =
                sender.scheduleWithFixedDelay(guarded(this::endOverdue), LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    }

    private static ScheduledExecutorService thread(String name) {
        return Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true); // A server that halts does not wait for it.
            return thread;
        });
    }

    private Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (Throwable failure) { // A broken invariant is an Error, and must halt the server too.
                onFailure.accept(failure);
            }
        };
    }

    @Override
    public void start(SnapshotTask task) {
        if (task instanceof SnapshotTask.Read read) {
            wanted.add(read.transfer());
            long now = System.nanoTime();
            long at = Math.max(now, nextReadNanos);
            nextReadNanos = at + TimeUnit.SECONDS.toNanos(SnapshotReader.CHUNK_BYTES) / bytesPerSecond;
            var unused = sender.schedule(guarded(() -> read(read.transfer())), at - now, TimeUnit.NANOSECONDS);
        } else if (task instanceof SnapshotTask.EndRead end) {
            wanted.remove(end.transfer());
            sender.execute(guarded(() -> end(end.transfer(), "it is no longer wanted")));
        } else if (task instanceof SnapshotTask.Store store) {
            receiver.execute(guarded(() -> store(store.chunk())));
        }
    }

    // Sending.

    private void read(TransferId transfer) {
        SnapshotChunk chunk;
        synchronized (readers) {
            if (!wanted.contains(transfer)) {
                return;
            }
            long now = System.nanoTime();
            SnapshotReader reader = readers.get(transfer);
            if (reader == null) {
                reader = state.openSnapshot(transfer, now);
                readers.put(transfer, reader);
            }
            chunk = reader.next(now);
            if (chunk.done()) {
                readers.remove(transfer);
                reader.close();
                observer.allRead(transfer, reader.index(), reader.bytes(), now - reader.openedNanos());
            }
        }
        observer.chunkRead(transfer, chunk.index(), chunk.data().remaining());
        outcomes.get().read(chunk);
    }

    private void end(TransferId transfer, String reason) {
        synchronized (readers) {
            SnapshotReader reader = readers.remove(transfer);
            if (reader != null) {
                reader.close();
                observer.readEnded(transfer, reader.index(), reader.bytes(), reason);
            }
        }
    }

    private void endOverdue() {
        synchronized (readers) {
            long now = System.nanoTime();
            long readNanosMax = READ_NANOS_MIN
                    + (long) (READ_SLACK * (double) state.usedBytes() / bytesPerSecond * TimeUnit.SECONDS.toNanos(1));
            for (Map.Entry<TransferId, SnapshotReader> open :
                    Map.copyOf(readers).entrySet()) {
                TransferId transfer = open.getKey();
                boolean idle = now - open.getValue().lastReadNanos() > IDLE_NANOS_MAX;
                if (idle || now - open.getValue().openedNanos() > readNanosMax) {
                    wanted.remove(transfer);
                    end(transfer, idle ? "nobody asked for more for a while" : "it takes too long");
                    outcomes.get().readFailed(transfer);
                }
            }
        }
    }

    // Receiving.

    private void store(Message.InstallSnapshot chunk) {
        TransferId transfer = chunk.transferId();
        try {
            SnapshotWriter current = writerFor(chunk);
            current.add(chunk);
            observer.chunkStored(transfer, chunk.data().remaining());
            if (chunk.done()) {
                arrived = current;
                writer = null;
                long nanos = System.nanoTime() - current.openedNanos();
                observer.allStored(transfer, current.lastIncluded().index(), current.records(), current.bytes(), nanos);
            }
            long offset = current.bytes();
            outcomes.get().stored(transfer, offset, chunk.done());
        } catch (SnapshotDecoder.RefusedException refused) {
            discard();
            observer.refused(transfer, String.valueOf(refused.getMessage()));
            outcomes.get().refused(transfer);
        } catch (StorageException | LmdbException | IOException failure) { // Of files that nothing rests on yet.
            discard();
            observer.refused(transfer, String.valueOf(failure.getMessage()));
            var unused = receiver.schedule(() -> outcomes.get().refused(transfer), RETRY_SECONDS, TimeUnit.SECONDS);
        }
    }

    private SnapshotWriter writerFor(Message.InstallSnapshot chunk)
            throws IOException, SnapshotDecoder.RefusedException {
        if (chunk.offset() == 0) {
            discard();
            arrived = null;
            writer = new SnapshotWriter(chunk, arriving, mapBytes, System.nanoTime());
        }
        SnapshotWriter current = writer;
        if (current == null || !current.transfer().equals(chunk.transferId())) {
            throw new SnapshotDecoder.RefusedException("its beginning is not here");
        }
        return current;
    }

    private void discard() {
        if (writer != null) {
            writer.close();
            writer = null;
        }
    }

    @Override
    public void install(TransferId transfer, EntryId lastIncluded) {
        SnapshotWriter whole = arrived;
        Check.that(
                whole != null
                        && whole.transfer().equals(transfer)
                        && whole.lastIncluded().equals(lastIncluded),
                "%s has not arrived whole",
                transfer);
        arrived = null;
        synchronized (readers) {
            wanted.clear();
            readers.values().forEach(SnapshotReader::close);
            readers.clear();
            state.replaceBy(arriving.resolve(LmdbState.FILE), lastIncluded);
        }
    }

    /** Ends all transfers; before the state is closed. */
    @Override
    public void close() {
        sender.shutdownNow();
        receiver.shutdownNow();
        if (ended(sender) && ended(receiver)) {
            discard();
            synchronized (readers) {
                readers.values().forEach(SnapshotReader::close);
                readers.clear();
            }
        }
    }

    private static boolean ended(ScheduledExecutorService thread) {
        try {
            return thread.awaitTermination(STOP_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}

package io.balsa.storage;

import io.balsa.node.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Keeps the log's file filled with zeros ahead of what LMDB uses, so that most commits neither lengthen it nor make
 * the file system allocate. Really written: space that is only reserved is marked as unwritten, and the first write
 * to it must record the change as a longer file would. What is filled also takes the deletes of a disk that is full: when
 * that is over it is filled again.
 *
 * <p>It writes between two commits, on the thread that commits, and only past the end of the file and of LMDB's last
 * page: so it can never touch a page that LMDB has written or is writing. A step is small, and the next commit flushes
 * it along with its own pages. Owned by the log's thread.
 */
final class FillAhead implements AutoCloseable {
    private static final int STEP_BYTES = 512 << 10;

    /**
     * Of one write to the file. The page cache keeps what came in one write in one piece, and each page that is later
     * written anew makes the whole piece dirty: with a step in one write the kernel counted 300 KB for each commit.
     */
    private static final int PAGE_BYTES = 4 << 10;

    /** Of what is filled ahead, what a start waits for; the commits after it do the rest. */
    private static final long FIRST_BYTES = 4 << 20;

    /** After a step for which there was no room. */
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path path;
    private final FileChannel file;
    private final long aheadBytes;
    private final ByteBuffer zeros;
    private final LongSupplier nanoClock;
    private long filledBytes;
    private boolean hadNoRoom;
    private long hadNoRoomAtNanos;

    FillAhead(Path path, FileChannel file, long aheadBytes, LongSupplier nanoClock) throws IOException {
        this.path = path;
        this.file = file;
        this.aheadBytes = aheadBytes;
        this.zeros = ByteBuffer.allocateDirect(PAGE_BYTES);
        this.nanoClock = nanoClock;
        this.filledBytes = file.size();
    }

    static FillAhead open(Path path, long aheadBytes) {
        try {
            return new FillAhead(path, FileChannel.open(path, StandardOpenOption.WRITE), aheadBytes, System::nanoTime);
        } catch (IOException failure) {
            throw new StorageException(path + " cannot be opened for writing", failure);
        }
    }

    /** Fills the first part at once, before the server serves. */
    void fillFirst(long usedBytes) {
        boolean filled = false;
        while (filledBytes < usedBytes + Math.min(aheadBytes, FIRST_BYTES) && step(usedBytes)) {
            filled = true;
        }
        if (filled) {
            sync();
        }
    }

    private void sync() {
        try {
            file.force(true);
        } catch (IOException failure) {
            throw new StorageException(path + " cannot be flushed: " + failure.getMessage(), failure);
        }
    }

    /** Fills one step when less than the wanted distance is left; not while a transaction is open. */
    void ahead(long usedBytes) {
        if (filledBytes < usedBytes + aheadBytes
                && !(hadNoRoom && nanoClock.getAsLong() - hadNoRoomAtNanos < RETRY_NANOS)) {
            step(usedBytes);
        }
    }

    /** Returns whether there was room. */
    private boolean step(long usedBytes) {
        long start = Math.max(filledBytes, usedBytes);
        try {
            for (long page = start; page < start + STEP_BYTES; page += PAGE_BYTES) {
                zeros.clear();
                while (zeros.hasRemaining()) {
                    file.write(zeros, page + zeros.position());
                }
            }
            filledBytes = start + STEP_BYTES;
            hadNoRoom = false;
            return true;
        } catch (IOException noRoom) {
            // What a full disk means is decided by the next commit that needs more than was filled.
            hadNoRoom = true;
            hadNoRoomAtNanos = nanoClock.getAsLong();
            return false;
        }
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException failure) {
            throw new StorageException(path + " cannot be closed", failure);
        }
    }
}

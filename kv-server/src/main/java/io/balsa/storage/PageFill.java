package io.balsa.storage;

import io.balsa.node.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes zeros, one page at a time, where the next transaction will probably lengthen the file of a state. LMDB writes up to 64
 * neighbours at once, the page cache keeps what came in one write in one piece, and each page that is later written anew
 * makes the whole piece dirty: where the keys had come in order, 22,000 changes at random made 3 GiB dirty, and the kernel
 * slowed down whoever wrote anything, the log too.
 *
 * <p>As much as the transaction before lengthened it. Most zeros never reach the disk: the commit overwrites them in the
 * page cache before it flushes.
 *
 * <p>Only between two transactions, and past LMDB's last page: so it can never touch a page that LMDB has written or is writing.
 * Owned by the one thread that writes.
 */
final class PageFill implements AutoCloseable {
    /** At once; more only makes larger pieces again. */
    private static final long BYTES_MAX = 64 << 20;

    private final Path path;
    private final FileChannel file;
    private final ByteBuffer zeros = ByteBuffer.allocateDirect(Environments.PAGE_BYTES);
    private long usedBytes;
    private long filledBytes;

    private PageFill(Path path, FileChannel file, long usedBytes) {
        this.path = path;
        this.file = file;
        this.usedBytes = usedBytes;
    }

    /** @param usedBytes what LMDB's pages take in the file */
    static PageFill open(Path path, long usedBytes) {
        try {
            return new PageFill(path, FileChannel.open(path, StandardOpenOption.WRITE), usedBytes);
        } catch (IOException failure) {
            throw new StorageException(path + " cannot be opened for writing", failure);
        }
    }

    /** @param usedBytesNow what LMDB's pages take now, while no transaction is open */
    void beforeTransaction(long usedBytesNow) {
        long end = usedBytesNow + Math.min(usedBytesNow - usedBytes, BYTES_MAX);
        usedBytes = usedBytesNow;
        filledBytes = Math.max(filledBytes, usedBytesNow);
        try {
            while (filledBytes < end) {
                writePage(filledBytes);
                filledBytes += Environments.PAGE_BYTES;
            }
        } catch (IOException noRoom) {
            // What a full disk means is decided by the commit, if it needs more.
        }
    }

    private void writePage(long at) throws IOException {
        zeros.clear();
        while (zeros.hasRemaining()) {
            file.write(zeros, at + zeros.position());
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

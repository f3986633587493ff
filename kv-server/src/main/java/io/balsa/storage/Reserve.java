package io.balsa.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file of zeros that is there to be deleted: when something else has filled the disk, its room goes to the deletes that make
 * more, and to the log that must carry them. Owned by one thread.
 */
final class Reserve {
    static final long BYTES = 8 << 20;
    private static final int CHUNK_BYTES = 64 << 10;

    private final Path file;

    Reserve(Path file) {
        this.file = file;
    }

    /** Makes the file where that leaves enough free, and gives it up where little is left. */
    void keep(long freeBytes, long minFreeBytes) {
        boolean there = Files.exists(file);
        try {
            if (there && freeBytes < BYTES) {
                Files.delete(file);
            } else if (!there && freeBytes > minFreeBytes + 2 * BYTES) {
                fill();
            }
        } catch (IOException noRoom) {
            // It helps, and nothing depends on it: the next look tries again.
            return;
        }
    }

    /** Really written: a file system may promise room that it does not have. */
    private void fill() throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(CHUNK_BYTES);
            for (long written = 0; written < BYTES; written += CHUNK_BYTES) {
                zeros.clear();
                while (zeros.hasRemaining()) {
                    channel.write(zeros);
                }
            }
        }
    }
}

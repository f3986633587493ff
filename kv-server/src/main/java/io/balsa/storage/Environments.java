package io.balsa.storage;

import io.balsa.node.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lmdbjava.Dbi;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.LmdbNativeException;
import org.lmdbjava.Stat;
import org.lmdbjava.Txn;

/** Opens LMDB environments and puts their failures into words. */
final class Environments {
    /** With less than this free, a failed write is put down to the full disk: it may show as an I/O error first. */
    private static final long FULL_BELOW_BYTES = 16 << 20;

    private static final int READERS_MAX = 126;
    private static final int MODE = 0600;

    private Environments() {}

    /**
     * Opens {@code directory} with the largest map that the system grants, from {@code mapBytes} down to
     * {@code mapBytesMin} by halves. Sync mode is LMDB's default: others lose acknowledged writes.
     */
    static Env<ByteBuffer> open(Path directory, long mapBytes, long mapBytesMin, EnvFlags... flags) {
        long size = mapBytes;
        while (true) {
            try {
                return Env.create()
                        .setMapSize(size)
                        .setMaxDbs(1)
                        .setMaxReaders(READERS_MAX)
                        .open(directory.toFile(), MODE, flags);
            } catch (LmdbException failure) {
                if (size / 2 < mapBytesMin) {
                    throw failed(directory, "opening it with a map of " + size + " bytes", failure);
                }
                size /= 2;
            }
        }
    }

    /** What the pages take in the file, free ones included. */
    static long usedBytes(Env<ByteBuffer> env) {
        return (env.info().lastPageNumber + 1) * PAGE_BYTES;
    }

    /** What the pages of records take, without free ones. */
    static long liveBytes(Dbi<ByteBuffer> dbi, Txn<ByteBuffer> txn) {
        Stat stat = dbi.stat(txn);
        return (stat.branchPages + stat.leafPages + stat.overflowPages) * PAGE_BYTES;
    }

    static final int PAGE_BYTES = 4096;

    /** The exception for a failure of LMDB: damage is told from a failing disk, and a full one is called so. */
    static StorageException failed(Path file, String what, LmdbException failure) {
        if (failure instanceof LmdbNativeException.PageCorruptedException
                || failure instanceof LmdbNativeException.PageNotFoundException
                || failure instanceof Env.FileInvalidException) {
            return Damage.found(file, what, failure);
        }
        if (failure instanceof Env.MapFullException) {
            return new StorageException(
                    file + ": " + what + " failed: LMDB's map is full. Start the server with a larger one.", failure);
        }
        String advice = isFull(file, failure)
                ? "the disk, or a quota on it, is full (" + freeBytes(file)
                        + " bytes free). Make room, and start the server again if it has ended."
                : failure.getMessage()
                        + ". Nothing that the disk says later may be trusted: check it, then start again.";
        return new StorageException(file + ": " + what + " failed: " + advice, failure);
    }

    /** Whether a transaction failed for want of room. LMDB calls a write that was cut short an I/O error. */
    static boolean isFull(Path file, LmdbException failure) {
        String message = String.valueOf(failure.getMessage());
        if (message.contains("ENOSPC") || message.contains("EDQUOT")) {
            return true;
        }
        long free = freeBytes(file);
        return failure instanceof LmdbNativeException.ConstantDerivedException && free >= 0 && free < FULL_BELOW_BYTES;
    }

    private static long freeBytes(Path file) {
        try {
            return Files.getFileStore(file).getUsableSpace();
        } catch (IOException unknown) {
            return -1; // The failure itself is what matters.
        }
    }
}

package io.balsa.storage;

import io.balsa.node.Election;
import io.balsa.node.ElectionCodec;
import io.balsa.node.ElectionJournal;
import io.balsa.node.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;

/**
 * The last elections in an LMDB environment of their own: under each one's number a CRC32C and the bytes of {@link
 * ElectionCodec}. A thread of its own writes them, so that no turn ever waits for it. Nothing depends on this store: when it
 * is damaged it is set aside, and when it cannot be written the server goes on without it.
 */
public final class LmdbJournal implements AutoCloseable {
    private static final long MAP_BYTES = 64 << 20;
    private static final int PENDING_MAX = 64;
    private static final long CLOSE_SECONDS_MAX = 5;

    private final Env<ByteBuffer> env;
    private final Dbi<ByteBuffer> dbi;
    private final Path file;
    private final Consumer<String> warnings;
    private final List<Election> kept = new ArrayList<>();
    private final ByteBuffer key = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
    private final ThreadPoolExecutor thread = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(PENDING_MAX),
            LmdbJournal::newThread,
            new ThreadPoolExecutor.DiscardOldestPolicy());
    private volatile boolean failed;

    private LmdbJournal(Env<ByteBuffer> env, Path file, Consumer<String> warnings) {
        this.env = env;
        this.file = file;
        this.warnings = warnings;
        this.dbi = env.openDbi((byte[]) null, DbiFlags.MDB_INTEGERKEY);
        try (Txn<ByteBuffer> txn = env.txnRead();
                Cursor<ByteBuffer> cursor = dbi.openCursor(txn)) {
            for (boolean found = cursor.first(); found; found = cursor.next()) {
                kept.add(read(cursor.val()));
            }
        }
    }

    private static Thread newThread(Runnable task) {
        Thread thread = new Thread(task, "balsa-journal");
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Opens or creates the journal. One that is damaged is renamed, and a new one begun.
     *
     * @param warnings takes, on any thread, what an operator should know
     * @throws StorageException when it can neither be read nor set aside
     */
    public static LmdbJournal open(DataDirectory directory, Consumer<String> warnings) {
        Path path = directory.path().resolve("journal");
        try {
            return open(path, warnings);
        } catch (StorageException | IllegalArgumentException damaged) {
            Path aside = directory.path().resolve("journal.damaged-" + System.currentTimeMillis());
            warnings.accept("the journal of elections cannot be read: " + damaged.getMessage() + " It is kept as "
                    + aside + ", and a new one begins.");
            try {
                Files.move(path, aside);
            } catch (IOException failure) {
                throw new StorageException(path + " cannot be renamed: " + failure, failure);
            }
            return open(path, warnings);
        }
    }

    private static LmdbJournal open(Path path, Consumer<String> warnings) {
        Path file = path.resolve("data.mdb");
        try {
            Files.createDirectories(path);
        } catch (IOException failure) {
            throw new StorageException(path + " cannot be created: " + failure, failure);
        }
        Scrub.journal(path); // All of it: it is small, and LMDB must not meet a bad page.
        Env<ByteBuffer> env = Environments.open(path, MAP_BYTES, MAP_BYTES, EnvFlags.MDB_NOTLS);
        try {
            return new LmdbJournal(env, file, warnings);
        } catch (LmdbException failure) {
            env.close();
            throw Environments.failed(file, "opening it", failure);
        } catch (RuntimeException failure) {
            env.close();
            throw failure;
        }
    }

    private Election read(ByteBuffer stored) {
        return ElectionCodec.decode(checked(file, stored)).get(0);
    }

    /** A copy of the record's bytes, without the checksum. */
    static byte[] checked(Path file, ByteBuffer stored) {
        if (stored.remaining() < Integer.BYTES) {
            throw Damage.found(file, "an election", "it has " + stored.remaining() + " bytes");
        }
        int checksum = stored.order(ByteOrder.BIG_ENDIAN).getInt();
        byte[] bytes = new byte[stored.remaining()];
        stored.get(bytes);
        int computed = checksum(bytes);
        if (checksum != computed) {
            throw Damage.found(file, "an election", Damage.checksums(checksum, computed));
        }
        return bytes;
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /** What was there when it was opened, oldest first. */
    public List<Election> kept() {
        return List.copyOf(kept);
    }

    /** Writes it soon, in place of the one with the same number. Any thread; never waits. */
    public void save(Election election) {
        thread.execute(() -> write(election));
    }

    private void write(Election election) {
        if (failed) {
            return; // Nothing that a disk says after a failed flush may be trusted.
        }
        byte[] bytes = ElectionCodec.encode(List.of(election));
        try (Txn<ByteBuffer> txn = env.txnWrite()) {
            dbi.reserve(txn, keyFor(election.number()), Integer.BYTES + bytes.length)
                    .order(ByteOrder.BIG_ENDIAN)
                    .putInt(checksum(bytes))
                    .put(bytes);
            try (Cursor<ByteBuffer> cursor = dbi.openCursor(txn)) {
                while (cursor.first()
                        && cursor.key().order(ByteOrder.nativeOrder()).getLong(0)
                                <= election.number() - ElectionJournal.KEPT) {
                    cursor.delete();
                }
            }
            txn.commit();
        } catch (LmdbException failure) {
            failed = true;
            warnings.accept("elections are no longer kept on disk: "
                    + Environments.failed(file, "a commit", failure).getMessage());
        }
    }

    private ByteBuffer keyFor(long number) {
        return key.putLong(0, number);
    }

    /** Writes what waits and closes the files; gives up after a few seconds. A second call does nothing. */
    @Override
    public void close() {
        if (thread.isShutdown()) {
            return;
        }
        thread.shutdown();
        try {
            if (thread.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS)) {
                env.close();
            } // Else it stays open until the process ends: closing it under a running commit would crash.
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

package io.balsa.storage;

import io.balsa.node.DamagedStoreException;
import io.balsa.node.StorageException;
import java.nio.file.Path;

/** The words for what cannot be read: what it is, what was found. */
final class Damage {
    private Damage() {}

    /**
     * The refusal of something damaged.
     *
     * @param what as in "entry 17 (term 3)"
     * @param found as in "its checksum is …"
     */
    static DamagedStoreException found(Path file, String what, String found) {
        return new DamagedStoreException(file + ": " + what + " is damaged: " + found + ".");
    }

    /** The same, found by LMDB. */
    static DamagedStoreException found(Path file, String what, Throwable cause) {
        return new DamagedStoreException(file + ": " + what + " met damage: " + cause.getMessage() + ".", cause);
    }

    /** Not damage: it is whole, and of another build. */
    static StorageException version(Path file, int found, int known) {
        return new StorageException(file + " was written in format " + found + ", this program knows format " + known
                + ". Run the version of Balsa that wrote it, or "
                + (found < known
                        ? "begin with an empty data directory, which the other servers fill."
                        : "a newer one."));
    }

    static String checksums(int stored, int computed) {
        return String.format("CRC32C %08x is stored with it, but its bytes give %08x", stored, computed);
    }
}

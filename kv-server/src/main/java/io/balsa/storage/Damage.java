package io.balsa.storage;

import io.balsa.node.StorageException;
import java.nio.file.Path;

/** The words for damaged data: what it is, what was found, what to do. */
final class Damage {
    private static final String ADVICE = " Nothing was changed. Keep the file, move this server's data directory aside"
            + " and let the server join again with an empty one; its peers hold the data.";

    private Damage() {}

    /**
     * The refusal of something damaged.
     *
     * @param what as in "entry 17 (term 3)"
     * @param found as in "its checksum is …"
     */
    static StorageException found(Path file, String what, String found) {
        return new StorageException(file + ": " + what + " is damaged: " + found + "." + ADVICE);
    }

    static StorageException version(Path file, int found, int known) {
        return new StorageException(file + " was written in format " + found + ", this program knows format " + known
                + ". Run the version of Balsa that wrote it, or a newer one.");
    }

    static String checksums(int stored, int computed) {
        return String.format("CRC32C %08x is stored with it, but its bytes give %08x", stored, computed);
    }
}

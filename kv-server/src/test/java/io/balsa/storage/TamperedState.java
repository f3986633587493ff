package io.balsa.storage;

import io.balsa.kv.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.Txn;

/** Changes a stopped server's state as no checksum can show: every record is whole, and one is not what was written. */
public final class TamperedState {
    private static final long MAP_BYTES = 1L << 30;

    private TamperedState() {}

    /**
     * Flips the lowest bit of the value of the client's {@code key}. The state's hash goes, so that the server takes up the hash
     * of what it finds, as it would if this had happened before anybody knew of hashes.
     *
     * @param directory the server's data directory
     */
    public static void flipABitOf(String key, Path directory) {
        Path state = directory.resolve("state");
        Tables tables = new Tables(state.resolve(LmdbState.FILE));
        try (Env<ByteBuffer> env = Environments.open(state, MAP_BYTES, MAP_BYTES)) {
            Dbi<ByteBuffer> dbi = env.openDbi((byte[]) null, new DbiFlags[0]);
            try (Txn<ByteBuffer> txn = env.txnWrite()) {
                byte[] record = Reference.record(key);
                ByteBuffer stored = dbi.get(txn, tables.key(record));
                if (stored == null) {
                    throw new AssertionError(key + " is not in " + state);
                }
                byte[] value = tables.valueOf(record, stored);
                value[value.length - 1] ^= 1;
                tables.writeValue(dbi.reserve(txn, tables.key(record), Tables.sizeOf(value)), record, value);
                if (!dbi.delete(txn, tables.key(Reference.hashRecord()))) {
                    throw new AssertionError("no hash in " + state);
                }
                txn.commit();
            }
        }
    }
}

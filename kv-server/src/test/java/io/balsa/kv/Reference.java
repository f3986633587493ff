package io.balsa.kv;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What other packages' tests need of this one: the plain model, and a machine that forgets early. */
public final class Reference {
    private final ModelStore model;

    /** A model that keeps the outcome of {@code idempotencyRecordsMax} idempotency keys. */
    public Reference(int idempotencyRecordsMax) {
        model = new ModelStore(idempotencyRecordsMax);
    }

    /** What the machine must answer to a command, given all those before it. */
    public Outcome apply(ByteBuffer command) {
        try {
            return model.apply(CommandCodec.decode(command));
        } catch (MalformedCommandException malformed) {
            return new Outcome.Invalid(model.revision(), malformed.reason());
        }
    }

    /** Those of {@code keys} that exist now. */
    public Map<Key, KeyValue> present(Iterable<Key> keys) {
        Map<Key, KeyValue> present = new TreeMap<>();
        for (Key key : keys) {
            @Nullable KeyValue keyValue = model.get(key);
            if (keyValue != null) {
                present.put(key, keyValue);
            }
        }
        return present;
    }

    /** The key of the record that holds a client's key. */
    public static byte[] record(String key) {
        return Tables.keyRecord(Key.of(key));
    }

    /** The key of the record that holds the state's hash. */
    public static byte[] hashRecord() {
        return Tables.STATE_HASH.clone();
    }

    /** Whether that record of a state holds the revision. */
    public static boolean isRevision(byte[] key) {
        return Arrays.equals(key, Tables.REVISION);
    }

    /** Whether that record of a state is a client's key. */
    public static boolean isOfKeys(byte[] key) {
        return key[0] == Tables.keysFrom(new byte[0])[0];
    }

    /** The real machine with the same bound. */
    public static KvStateMachine machine(State state, int idempotencyRecordsMax) {
        return new KvStateMachine(state, idempotencyRecordsMax, KvStateMachine.IDEMPOTENCY_BYTES_MAX);
    }
}

package io.balsa.benchmarks.jmh;

import io.balsa.benchmarks.load.Keys;
import io.balsa.benchmarks.load.Values;
import io.balsa.kv.Command;
import io.balsa.kv.CommandCodec;
import io.balsa.kv.Key;
import io.balsa.kv.Precondition;
import io.balsa.raft.LogEntry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The same keys, values and entries for all benchmarks. */
public final class Samples {
    public static final int VALUE_BYTES = 256;

    private static final Values VALUES = new Values(VALUE_BYTES);

    private Samples() {}

    public static Key key(long number) {
        return Key.of(Keys.text(number));
    }

    public static ByteBuffer value() {
        return ByteBuffer.wrap(VALUES.next()).asReadOnlyBuffer();
    }

    public static Command put(long key) {
        return new Command.Put(key(key), value(), Precondition.NONE, false);
    }

    public static ByteBuffer encodedPut(long key) {
        return CommandCodec.encode(put(key));
    }

    /** Puts from {@code firstIndex} on, all of term 1. */
    public static List<LogEntry> entries(long firstIndex, int count) {
        List<LogEntry> entries = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            entries.add(new LogEntry(firstIndex + i, 1, encodedPut(firstIndex + i)));
        }
        return entries;
    }
}

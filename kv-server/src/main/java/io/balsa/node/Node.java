package io.balsa.node;

import io.balsa.kv.Query;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * The clients' and operators' door to a server. Thread-safe; never blocks. Every call is answered exactly once, by a
 * call of {@code reply} on the Raft thread (or, when refused at once, on the caller's): it must return quickly.
 */
public interface Node {
    /**
     * Replicates a command and applies it.
     *
     * @param command as {@code CommandCodec} wrote it; not changed by anyone afterwards
     * @param timeoutMillis after which the answer is {@link WriteResult.Unknown}
     */
    void write(ByteBuffer command, long timeoutMillis, Consumer<WriteResult> reply);

    /** Serves a read, on any server; refused with {@link Refusal#TIMEOUT} after {@code timeoutMillis}. */
    void read(Query query, Consistency consistency, long timeoutMillis, Consumer<ReadResult> reply);

    /** As of the last turn. */
    NodeStatus status();
}

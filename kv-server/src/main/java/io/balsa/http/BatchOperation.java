package io.balsa.http;

import io.balsa.kv.Key;
import io.balsa.kv.Precondition;
import io.balsa.node.ReadResult;
import io.balsa.node.WriteResult;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One operation of a {@link Batch} and what became of it. The results are put in by the Raft thread, and read by the
 * event loop once the batch has come back through the {@link ReplyQueue}.
 */
final class BatchOperation {
    /** What a write does; null for a read, and for what was refused. */
    final @Nullable ByteBuffer command;
    /** Null only when the operation was refused. */
    final @Nullable Key key;
    /** What the key of a read must be, else 412. */
    final Precondition condition;
    /** The caller of a read has what this holds for: 304. */
    final @Nullable Precondition known;
    /** A second attempt at the write cannot apply it twice. */
    final boolean repeatable;

    /** Why the operation has no result from the node. */
    @Nullable
    Problem problem;

    @Nullable
    WriteResult writeResult;

    @Nullable
    ReadResult readResult;

    private BatchOperation(
            @Nullable ByteBuffer command,
            @Nullable Key key,
            Precondition condition,
            @Nullable Precondition known,
            boolean repeatable,
            @Nullable Problem problem) {
        this.command = command;
        this.key = key;
        this.condition = condition;
        this.known = known;
        this.repeatable = repeatable;
        this.problem = problem;
    }

    /** A write, as {@code CommandCodec} encodes it. */
    static BatchOperation write(Key key, ByteBuffer command, boolean repeatable) {
        return new BatchOperation(command, key, Precondition.NONE, null, repeatable, null);
    }

    static BatchOperation read(Key key, Precondition condition, @Nullable Precondition known) {
        return new BatchOperation(null, key, condition, known, false, null);
    }

    /** One that the node never sees. */
    static BatchOperation refused(Problem problem) {
        return new BatchOperation(null, null, Precondition.NONE, null, false, problem);
    }

    boolean isWrite() {
        return command != null;
    }
}

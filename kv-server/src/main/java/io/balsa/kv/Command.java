package io.balsa.kv;

import java.nio.ByteBuffer;

/** What a client asks the replicated state machine to do; its bytes ({@link CommandCodec}) travel in the log. */
public sealed interface Command {
    /** Sets a key's value. {@code value} is read-only, position 0 to limit. */
    record Put(Key key, ByteBuffer value, Precondition precondition, boolean returnPrevious) implements Command {}

    /** Removes a key; nothing happens when it does not exist and no precondition says otherwise. */
    record Delete(Key key, Precondition precondition, boolean returnPrevious) implements Command {}

    /** Removes every key of the range at one revision, or none when there are more than {@code keysMax}. */
    record DeleteRange(KeyRange range, int keysMax) implements Command {}

    /**
     * Applies {@code command} at most once: a second attempt with the same id is answered with the first one's
     * outcome, and refused when its command is another one.
     */
    record Once(IdempotencyKey id, Command command) implements Command {}
}

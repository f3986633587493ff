package io.balsa.kv;

import java.nio.ByteBuffer;

/** What a client asks the replicated state machine to do; its bytes ({@link CommandCodec}) travel in the log. */
public sealed interface Command {
    /** Sets a key's value. {@code value} is read-only, position 0 to limit. */
    record Put(Key key, ByteBuffer value, Precondition precondition, boolean returnPrevious) implements Command {}

    /** Removes a key; nothing happens when it does not exist and no precondition says otherwise. */
    record Delete(Key key, Precondition precondition, boolean returnPrevious) implements Command {}

    /**
     * Removes every key of the range at one revision, or none when there are more than {@code keysMax}.
     *
     * @param keysMax 1 to {@link #KEYS_MAX}, or IllegalArgumentException: one command must not hold up all others
     */
    record DeleteRange(KeyRange range, int keysMax) implements Command {
        public static final int KEYS_MAX = 10_000;

        public DeleteRange {
            if (keysMax < 1 || keysMax > KEYS_MAX) {
                throw new IllegalArgumentException(
                        "one command deletes 1 to " + KEYS_MAX + " keys; this one asks for " + keysMax);
            }
        }
    }

    /**
     * Applies {@code command} at most once: a second attempt with the same id is answered with the first one's
     * outcome, and refused when its command is another one.
     *
     * @param command not a Once itself, or IllegalArgumentException
     */
    record Once(IdempotencyKey id, Command command) implements Command {
        public Once {
            if (command instanceof Once) {
                throw new IllegalArgumentException("a command has one Idempotency-Key; this one has two");
            }
        }
    }
}

package io.balsa.http;

import io.balsa.kv.IdempotencyKey;
import io.balsa.kv.Key;

/** What a request may ask for at most; served at {@code /v1/limits}. */
final class Limits {
    static final int KEY_BYTES_MAX = Key.BYTES_MAX;
    static final int VALUE_BYTES_MAX = 1 << 20;
    static final int REQUEST_BYTES_MAX = 3 << 19;
    static final int BATCH_OPERATIONS_MAX = 1_024;
    static final int BATCH_BYTES_MAX = REQUEST_BYTES_MAX;
    /** Keys and values that the reads of one batch answer with; further ones are to be asked for again. */
    static final int BATCH_ANSWER_BYTES_MAX = 2 << 20;

    static final int HEADERS_MAX = 64;
    static final int HEADER_BYTES_MAX = 16 << 10;
    static final int REQUEST_LINE_BYTES_MAX = 8 << 10;
    static final int IDEMPOTENCY_KEY_BYTES_MAX = IdempotencyKey.BYTES_MAX;

    /** Of one connection, of a megabyte each, under way at once; what comes behind them is not read. */
    static final int PIPELINED_REQUESTS_MAX = 16;

    /**
     * Connections on the event loop of Raft's turns. It reads at most 1 MiB of each before it looks at its other sockets and at
     * the time, so all of them together cannot keep it from its heartbeats for long.
     */
    static final int CONNECTIONS_AT_RAFT_MAX = 16;

    static final int PAGE_ITEMS_DEFAULT = 100;
    static final int PAGE_ITEMS_MAX = 1_000;
    static final int PAGE_BYTES_MAX = 2 << 20;
    static final int DELIMITER_BYTES_MAX = 16;
    /** A count walks the keys on the Raft thread, so it stops here and says so. */
    static final int COUNT_MAX = 100_000;

    static final int DELETE_RANGE_KEYS_MAX = 10_000;

    static final long TIMEOUT_MILLIS_DEFAULT = 5_000;
    static final long TIMEOUT_MILLIS_MAX = 60_000;

    /** A refused request's unread body: up to this it is read and dropped, beyond it the connection is closed. */
    static final int DISCARD_BYTES_MAX = 64 << 10;
    /** Answers that a client has asked for and does not read; beyond this its connection is closed. */
    static final int UNREAD_ANSWER_BYTES_MAX = 8 << 20;

    private Limits() {}
}

package io.balsa.node;

/** How fresh a read must be. */
public enum Consistency {
    /** At least as fresh as when the request came in, confirmed by a majority (ReadIndex, thesis §6.4). */
    LINEARIZABLE,
    /** What this server has applied; may be behind by any time. */
    STALE
}

package io.balsa.node;

/** How fresh a read must be. */
public enum Consistency {
    /** At least as fresh as when the request came in, confirmed by a majority (ReadIndex, thesis §6.4). */
    LINEARIZABLE,
    /**
     * The same, known without asking anyone while this server leads and its lease holds, which trusts the clocks to drift no more
     * than their bound; confirmed by a majority elsewhere and otherwise.
     */
    LEASE,
    /** What this server has applied; may be behind by any time. */
    STALE
}

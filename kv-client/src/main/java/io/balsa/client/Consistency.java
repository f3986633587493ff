package io.balsa.client;

import java.util.Locale;

/** How fresh a read must be. */
public enum Consistency {
    /** Sees every write that was acknowledged before the read began, on whichever server. */
    LINEARIZABLE,
    /**
     * The same; the leader answers without asking the others while it holds a lease, if the servers were started with {@code
     * --read-leases}. That trusts that no server's clock is wrong by more than a tenth. Everywhere else it is served as {@link
     * #LINEARIZABLE}. The client sends it to the leader once a write has shown that.
     */
    LEASE,
    /** Whatever the asked server has applied; cheap, answered without a leader, behind by any time. */
    STALE;

    String parameter() {
        return name().toLowerCase(Locale.ROOT);
    }
}

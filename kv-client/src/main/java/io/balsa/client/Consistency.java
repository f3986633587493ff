package io.balsa.client;

import java.util.Locale;

/** How fresh a read must be. */
public enum Consistency {
    /** Sees every write that was acknowledged before the read began, on whichever server. */
    LINEARIZABLE,
    /** Whatever the asked server has applied; cheap, answered without a leader, behind by any time. */
    STALE;

    String parameter() {
        return name().toLowerCase(Locale.ROOT);
    }
}

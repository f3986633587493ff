package io.balsa.benchmarks.load;

/** One kind of operation that a driver may be asked for. */
public enum Kind {
    /** Set a key, whether or not it exists. */
    PUT,
    /** Read a key; sees every write acknowledged before. */
    GET,
    /** The same by the leader's lease, asking nobody. */
    LEASE_GET,
    /** Read a key from whichever server, however old its copy. */
    STALE_GET,
    /** Set the one hot key if it is still as this process saw it last. */
    CAS,
    /** Read {@link Keys#PAGE} keys with their values, in order, from a given key on. */
    RANGE
}

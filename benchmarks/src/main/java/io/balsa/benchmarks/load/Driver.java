package io.balsa.benchmarks.load;

/**
 * Speaks one system's protocol. A numbered client has one operation in flight at most; starting another for the same
 * client abandons the earlier one, whose completion is then ignored. Callable from any thread.
 */
public interface Driver extends AutoCloseable {
    /** Whether the system can do this at all; what it cannot is reported as missing, not as slow. */
    boolean supports(Kind kind);

    /**
     * Starts an operation and returns without waiting for it.
     *
     * @param client from 0 up to the number of clients that the driver was opened for
     * @param key the number of a key, see {@link Keys}; ignored by {@link Kind#CAS}
     */
    void start(int client, Kind kind, long key, Completion completion);

    @Override
    void close();
}

package io.balsa.benchmarks.load;

/**
 * How an operation ended. A driver calls one of these once per operation, on any thread. Only {@link #failed} may be
 * called before {@link Driver#start} has returned: a success starts the next operation at once, and would recurse.
 */
public interface Completion {
    void done();

    /** The condition did not hold; the system answered as it should. */
    void conflict();

    /** No answer, or one that is neither success nor conflict; {@code why} has few distinct values. */
    void failed(String why);
}

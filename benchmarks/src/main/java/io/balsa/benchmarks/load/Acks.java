package io.balsa.benchmarks.load;

/** Is told of every success, late ones included, on the driver's threads: to find the gaps between them. */
public interface Acks {
    Acks IGNORED = (client, nanos) -> {};

    /**
     * An operation of this client succeeded.
     *
     * @param nanos {@link System#nanoTime}
     */
    void acknowledged(int client, long nanos);
}

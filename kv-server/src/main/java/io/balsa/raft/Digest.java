package io.balsa.raft;

/**
 * What a server's state hashes to behind entry {@code index}. To Raft the hash is any number; equal states have equal ones.
 *
 * @param index of an entry that was applied, the last one at the time
 */
public record Digest(long index, long hash) {
    /** Of no entry: nothing is said. */
    public static final Digest NONE = new Digest(0, 0);
}

package io.balsa.raft;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Servers have applied the same entries, and their states differ.
 *
 * @param index the last of these entries
 * @param hashes what each server said that its state hashes to; as far as known here
 * @param agreed what a majority of the voters said; null: no majority agrees, so nobody knows who is wrong
 */
public record Divergence(
        long index, Map<NodeId, Long> hashes, @Nullable Long agreed) {
    public Divergence {
        hashes = new TreeMap<>(hashes);
    }

    /** Those that a majority contradicts, in order. */
    public List<NodeId> diverged() {
        return hashes.keySet().stream()
                .filter(server -> agreed != null && !agreed.equals(hashes.get(server)))
                .toList();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("behind entry ").append(index);
        hashes.forEach((server, hash) ->
                text.append(", ").append(server).append(" hashes to ").append(Long.toHexString(hash)));
        return text.append(
                        agreed == null ? "; no majority agrees" : "; a majority agrees on " + Long.toHexString(agreed))
                .toString();
    }
}

package io.balsa.client;

import java.util.List;

/**
 * What a cluster remembers of its elections.
 *
 * @param elections the latest first
 * @param unreachable servers that did not answer when they were asked, each with the reason
 */
public record Elections(List<ElectionInfo> elections, List<Unreachable> unreachable) {
    public Elections {
        elections = List.copyOf(elections);
        unreachable = List.copyOf(unreachable);
    }

    /** A server that did not answer. */
    public record Unreachable(String node, String reason) {}
}

package io.balsa.http;

import io.balsa.metrics.Metrics;
import io.balsa.metrics.StoreSizes;
import io.balsa.node.Election;
import io.balsa.node.Node;
import io.balsa.node.Room;
import io.balsa.raft.NodeId;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the HTTP door needs of the rest of the server. All of it is thread-safe and never blocks.
 *
 * @param httpUrl where a server answers HTTP, like {@code http://10.0.0.1:7070}; null when not known
 * @param elections what this server's journal has, oldest first
 * @param lastTurnAgeMillis how long ago the Raft thread finished its last turn
 * @param storeSizes of the data directory
 * @param space whether there is room for more, in the cluster as far as this server knows
 * @param quotaBytes the most that the state may take; told as a limit
 * @param minFreeBytes what must stay free on each disk; told as a limit
 * @param version of the software
 */
public record HttpPorts(
        Node node,
        LeaderTransfer leaderTransfer,
        DialBack dialBack,
        Function<NodeId, @Nullable String> httpUrl,
        Metrics metrics,
        Supplier<List<Election>> elections,
        LongSupplier lastTurnAgeMillis,
        Supplier<StoreSizes> storeSizes,
        Room space,
        long quotaBytes,
        long minFreeBytes,
        String version,
        String clusterId) {}

package io.balsa;

import io.balsa.node.DamagedStoreException;
import io.balsa.node.StorageException;
import io.balsa.storage.DataDirectory;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of {@code balsa server}, from the command to the exit code. Where the store is found to be damaged, at the start or
 * later, it is set aside, and the server begins anew in this process, on an empty store that its peers fill.
 */
final class ServerRun {
    private static final Logger LOG = LoggerFactory.getLogger(ServerRun.class);
    private static final int EXIT_ENDED = 0;
    private static final int EXIT_COULD_NOT_START = 4;

    private final ServerConfig config;
    private int storesSetAside;
    private volatile @Nullable Server serving;

    ServerRun(ServerConfig config) {
        this.config = config;
    }

    /** Serves until {@link #stop}, or until it cannot; returns the process's exit code. */
    int untilEnd() throws InterruptedException {
        boolean hasServed = false;
        while (true) {
            DamagedStoreException damage;
            try {
                Server server = Server.start(config, storesSetAside);
                serving = server;
                hasServed = true;
                damage = server.awaitEnd();
                if (damage == null) {
                    return EXIT_ENDED;
                }
                server.abandon();
            } catch (DamagedStoreException found) {
                damage = found;
            } catch (IOException | StorageException failure) {
                return cannot(hasServed, failure.getMessage());
            }
            try {
                setAside(damage);
            } catch (StorageException refused) {
                return cannot(hasServed, refused.getMessage());
            }
        }
    }

    private int cannot(boolean hasServed, @Nullable String why) {
        if (hasServed) {
            LOG.error("{} halts: {}", config.id(), why);
            return Server.EXIT_HALTED;
        }
        LOG.error("{} cannot start: {}", config.id(), why);
        return EXIT_COULD_NOT_START;
    }

    private void setAside(DamagedStoreException damage) {
        LOG.error("{} has a damaged store: {}", config.id(), damage.getMessage(), damage);
        try (DataDirectory directory = DataDirectory.open(config.dataDirectory(), config.clusterId(), config.id())) {
            directory.setAside(String.valueOf(damage.getMessage()), Instant.now());
            storesSetAside++;
            long bytes = directory.setAsides().stream()
                    .mapToLong(store -> store.bytes())
                    .sum();
            LOG.error(
                    "{} has set its store aside, in {}, and goes on with an empty one that its peers fill. Stores that were"
                            + " set aside take {} MiB there; remove them when nobody needs them",
                    config.id(),
                    directory.path(),
                    bytes >> 20);
        }
    }

    /** Ends it in good order. Any thread. */
    void stop() {
        Server server = serving;
        if (server != null) {
            server.close();
        }
    }
}

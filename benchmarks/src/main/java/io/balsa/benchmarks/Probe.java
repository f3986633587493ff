package io.balsa.benchmarks;

import io.balsa.benchmarks.cluster.Cluster;
import io.balsa.benchmarks.cluster.Usage;
import io.balsa.benchmarks.load.Window;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** Looks at what servers and load generator have used, at both ends of what is recorded. Used once. */
final class Probe implements Window {
    private final Cluster cluster;
    private @Nullable Usage serversBefore;
    private @Nullable Usage generatorBefore;
    private @Nullable Usage servers;
    private @Nullable Usage generator;

    Probe(Cluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public void begins() {
        try {
            serversBefore = cluster.usage();
            generatorBefore = Usage.ofThisProcess();
        } catch (IOException e) {
            throw new UncheckedIOException("a server ended", e);
        }
    }

    @Override
    public void ends() {
        if (serversBefore == null || generatorBefore == null) {
            throw new IllegalStateException("ends before it begins");
        }
        try {
            servers = cluster.usage().since(serversBefore);
            generator = Usage.ofThisProcess().since(generatorBefore);
        } catch (IOException e) {
            throw new UncheckedIOException("a server ended", e);
        }
    }

    Usage servers() {
        return measured(servers);
    }

    Usage generator() {
        return measured(generator);
    }

    private static Usage measured(@Nullable Usage usage) {
        if (usage == null) {
            throw new IllegalStateException("not measured yet");
        }
        return usage;
    }
}

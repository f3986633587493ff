package io.balsa.cli;

import io.balsa.client.BalsaClient;
import io.balsa.client.CallOption;
import io.balsa.client.Key;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code balsa del}. */
@Command(
        name = "del",
        mixinStandardHelpOptions = true,
        description = "Delete a key, or every key with a prefix.",
        footerHeading = "%nExample:%n",
        footer = {"  balsa del greeting", "  balsa del greeting --if-revision 57", "  balsa del --prefix sessions/"})
final class DelCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private final ClientOptions options = new ClientOptions();

    @Parameters(paramLabel = "KEY", arity = "0..1", description = "The key.")
    private @Nullable String key;

    @Option(names = "--prefix", paramLabel = "PREFIX", description = "Every key that begins with this.")
    private @Nullable String prefix;

    @Option(names = "--if-revision", paramLabel = "N", description = "Only if the key's modRevision is N.")
    private @Nullable Long revision;

    @Option(
            names = "--exactly-once",
            description = "Send a random Idempotency-Key, and repeat after an unknown outcome.")
    private boolean exactlyOnce;

    @Override
    public Integer call() throws IOException {
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        if ((key == null) == (prefix == null)) {
            throw new IllegalArgumentException("give a key or --prefix, one of them");
        }
        if (prefix != null && revision != null) {
            throw new IllegalArgumentException("--if-revision is about one key, not a prefix");
        }
        long deleted;
        try (BalsaClient client = options.open()) {
            deleted = delete(client);
        }
        if (options.json()) {
            Json.line(line.getOut(), json -> json.writeNumberField("deleted", deleted));
        } else if (prefix != null || deleted > 0) {
            line.getOut().println("deleted " + deleted);
        } else {
            line.getErr().println("balsa: no such key: " + ExitCodes.oneLine(key));
        }
        return deleted == 0 && prefix == null ? ExitCodes.NOT_FOUND : ExitCodes.OK;
    }

    private long delete(BalsaClient client) {
        CallOption[] call = exactlyOnce ? new CallOption[] {CallOption.exactlyOnce()} : new CallOption[0];
        if (prefix != null) {
            return client.deletePrefix(prefix, call);
        }
        Key one = Key.of(Objects.requireNonNull(key));
        if (revision != null) {
            client.deleteIf(one, revision, call);
            return 1;
        }
        return client.delete(one, call) ? 1 : 0;
    }
}

package io.balsa.cli;

import io.balsa.client.BalsaClient;
import io.balsa.client.KeyValue;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code balsa get}. */
@Command(
        name = "get",
        mixinStandardHelpOptions = true,
        description = "Print the value of a key, and a line's end.",
        footerHeading = "%nExample:%n",
        footer = {"  balsa get greeting", "  balsa get picture --raw > picture.png"})
final class GetCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @ParentCommand
    private @Nullable Balsa balsa;

    @Mixin
    private final ClientOptions options = new ClientOptions();

    @Parameters(paramLabel = "KEY", description = "The key.")
    private String key = "";

    @Option(names = "--raw", description = "Only the value's bytes, without a line's end.")
    private boolean raw;

    @Override
    public Integer call() throws IOException {
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        Optional<KeyValue> found;
        try (BalsaClient client = options.open()) {
            found = client.get(key);
        }
        if (found.isEmpty()) {
            line.getErr().println("balsa: no such key: " + ExitCodes.oneLine(key));
            return ExitCodes.NOT_FOUND;
        }
        if (options.json()) {
            Json.line(line.getOut(), json -> Json.keyValue(json, found.get(), true));
            return ExitCodes.OK;
        }
        PrintStream out = Objects.requireNonNull(balsa).out;
        out.write(found.get().valueBytes());
        if (!raw) {
            out.write('\n');
        }
        out.flush();
        return ExitCodes.OK;
    }
}

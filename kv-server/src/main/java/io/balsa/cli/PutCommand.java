package io.balsa.cli;

import io.balsa.client.BalsaClient;
import io.balsa.client.CallOption;
import io.balsa.client.Key;
import io.balsa.client.PutResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code balsa put}. */
@Command(
        name = "put",
        mixinStandardHelpOptions = true,
        description = "Set a key to a value.",
        footerHeading = "%nExample:%n",
        footer = {
            "  balsa put greeting hello",
            "  balsa put picture --file picture.png",
            "  date | balsa put now -",
            "  balsa put greeting hi --if-revision 57"
        })
final class PutCommand implements Callable<Integer> {
    /** Far above what a server takes, so that it is the server who says its limit; below what fills the memory. */
    private static final int VALUE_BYTES_MAX = 16 << 20;

    @Spec
    private @Nullable CommandSpec spec;

    @ParentCommand
    private @Nullable Balsa balsa;

    @Mixin
    private final ClientOptions options = new ClientOptions();

    @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
    private String key = "";

    @Parameters(
            index = "1",
            paramLabel = "VALUE",
            arity = "0..1",
            description = "The value; - or nothing reads standard input.")
    private @Nullable String value;

    @Option(names = "--file", paramLabel = "FILE", description = "Read the value from a file.")
    private @Nullable Path file;

    @ArgGroup(exclusive = true)
    private Condition condition = new Condition();

    @Option(
            names = "--exactly-once",
            description = "Send a random Idempotency-Key, and repeat after an unknown outcome.")
    private boolean exactlyOnce;

    /** What must hold for the put to take place. */
    static final class Condition {
        @Option(names = "--if-revision", paramLabel = "N", description = "Only if the key's modRevision is N.")
        private @Nullable Long revision;

        @Option(names = "--create-only", description = "Only if the key does not exist.")
        private boolean createOnly;

        @Option(names = "--update-only", description = "Only if the key exists.")
        private boolean updateOnly;
    }

    @Override
    public Integer call() throws IOException {
        byte[] bytes = readValue();
        PutResult result;
        try (BalsaClient client = options.open()) {
            result = put(client, Key.of(key), bytes);
        }
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (options.json()) {
            Json.line(out, json -> {
                json.writeStringField("key", key);
                json.writeBooleanField("created", result.created());
                json.writeNumberField("version", result.version());
                json.writeNumberField("createRevision", result.createRevision());
                json.writeNumberField("modRevision", result.modRevision());
            });
        } else {
            out.println((result.created() ? "created" : "updated") + " at revision " + result.modRevision());
        }
        return ExitCodes.OK;
    }

    private PutResult put(BalsaClient client, Key to, byte[] value) {
        CallOption[] call = exactlyOnce ? new CallOption[] {CallOption.exactlyOnce()} : new CallOption[0];
        if (condition.revision != null) {
            return client.compareAndSet(to, value, condition.revision, call);
        }
        if (condition.createOnly) {
            return client.create(to, value, call);
        }
        return condition.updateOnly ? client.update(to, value, call) : client.put(to, value, call);
    }

    private byte[] readValue() throws IOException {
        if (file != null) {
            if (value != null) {
                throw new IllegalArgumentException("give the value or --file, not both");
            }
            try (InputStream opened = Files.newInputStream(file)) {
                return read(opened, file.toString());
            } catch (FileSystemException unreadable) {
                throw new IllegalArgumentException("cannot read " + file, unreadable);
            }
        }
        if (value != null && !value.equals("-")) {
            return value.getBytes(StandardCharsets.UTF_8);
        }
        return read(Objects.requireNonNull(balsa).in, "standard input");
    }

    private static byte[] read(InputStream from, String name) throws IOException {
        byte[] value = from.readNBytes(VALUE_BYTES_MAX + 1);
        if (value.length > VALUE_BYTES_MAX) {
            throw new IllegalArgumentException(name + " holds more than " + VALUE_BYTES_MAX + " bytes");
        }
        return value;
    }
}

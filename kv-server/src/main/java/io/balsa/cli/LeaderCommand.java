package io.balsa.cli;

import io.balsa.client.BalsaClient;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code balsa leader}. */
@Command(
        name = "leader",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = "Move leadership to another server.",
        subcommands = LeaderCommand.Transfer.class)
final class LeaderCommand {
    private LeaderCommand() {}

    @Command(
            name = "transfer",
            mixinStandardHelpOptions = true,
            description = "Hand leadership over, to the given voter or to the one that has caught up best.",
            footerHeading = "%nExample:%n",
            footer = {"  balsa leader transfer", "  balsa leader transfer n2"})
    static final class Transfer implements Callable<Integer> {
        @Spec
        private @Nullable CommandSpec spec;

        @Mixin
        private final ClientOptions options = new ClientOptions();

        @Parameters(paramLabel = "nN", arity = "0..1", description = "The server that shall lead.")
        private @Nullable String target;

        @Override
        public Integer call() throws IOException {
            String leader;
            try (BalsaClient client = options.open()) {
                leader = client.transferLeadership(target);
            }
            var out = Objects.requireNonNull(spec).commandLine().getOut();
            if (options.json()) {
                Json.line(out, json -> json.writeStringField("leader", leader));
            } else {
                out.println(leader + " leads");
            }
            return ExitCodes.OK;
        }
    }
}

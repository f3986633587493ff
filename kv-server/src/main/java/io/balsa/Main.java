package io.balsa;

import io.balsa.cli.Balsa;
import java.util.Arrays;

/** The command line: {@code balsa server} runs a server, {@code balsa recover} mends a data directory, all else talks to servers. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(execute(args));
    }

    private static int execute(String... args) {
        // A cluster waits for its servers' starts; nobody waits for the other commands.
        if (args.length > 0 && args[0].equals("server")) {
            return Balsa.alone(new ServerCommand()).execute(Arrays.copyOfRange(args, 1, args.length));
        }
        return Balsa.commandLine()
                .addSubcommand(new ServerCommand())
                .addSubcommand(new RecoverCommand())
                .execute(args);
    }
}

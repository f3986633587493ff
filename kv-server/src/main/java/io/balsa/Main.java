package io.balsa;

import io.balsa.cli.Balsa;

/** The command line: {@code balsa server} runs a server, {@code balsa recover} mends a data directory, all else talks to servers. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(Balsa.commandLine()
                .addSubcommand(new ServerCommand())
                .addSubcommand(new RecoverCommand())
                .execute(args));
    }
}

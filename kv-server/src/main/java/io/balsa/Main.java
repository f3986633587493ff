package io.balsa;

import io.balsa.cli.Balsa;

/** The command line: {@code balsa server} runs a server, everything else talks to one. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(Balsa.commandLine().addSubcommand(new ServerCommand()).execute(args));
    }
}

package io.balsa;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line: {@code balsa server} runs a server. */
@Command(name = "balsa", mixinStandardHelpOptions = true, subcommands = ServerCommand.class)
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }
}

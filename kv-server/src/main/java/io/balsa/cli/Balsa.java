package io.balsa.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The top command, {@code balsa}. {@link #commandLine} gives it with its sub-commands and error handling; more
 * sub-commands can be added to that.
 */
@Command(
        name = "balsa",
        description = "Balsa: a key-value store that stays right and available while servers fail.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            GetCommand.class,
            PutCommand.class,
            DelCommand.class,
            ListCommand.class,
            StatusCommand.class,
            ElectionsCommand.class,
            MemberCommand.class,
            LeaderCommand.class
        },
        footerHeading = "%nExample:%n",
        footer = {
            "  balsa put greeting hello",
            "  balsa get greeting",
            "",
            "Exit codes: 0 it worked, 1 not found, 2 wrong command line, 3 condition not met,",
            "4 not applied or no server available, 5 unknown whether applied."
        })
public final class Balsa {
    final InputStream in;
    /** For a value's bytes as they are; texts go through picocli's writer onto the same stream. */
    final PrintStream out;

    private Balsa(InputStream in, PrintStream out) {
        this.in = in;
        this.out = out;
    }

    /** The command line on the process's own streams, ready to execute. Not thread-safe. */
    public static CommandLine commandLine() {
        return commandLine(System.in, System.out, System.err);
    }

    static CommandLine commandLine(InputStream in, PrintStream out, PrintStream err) {
        return prepared(new CommandLine(new Balsa(in, out)), out, err);
    }

    /**
     * One sub-command alone, with the streams and the error handling of the whole; to be executed with the arguments
     * behind its name. What a start-up waits for need not read the annotations of all others first.
     */
    public static CommandLine alone(Object command) {
        CommandLine commandLine = new CommandLine(command);
        commandLine.setCommandName("balsa " + commandLine.getCommandName());
        return prepared(commandLine, System.out, System.err);
    }

    private static CommandLine prepared(CommandLine commandLine, PrintStream out, PrintStream err) {
        commandLine.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
        commandLine.setErr(new PrintWriter(err, true, StandardCharsets.UTF_8));
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setParameterExceptionHandler((error, arguments) -> {
            CommandLine where = error.getCommandLine();
            String name = where.getCommandSpec().qualifiedName();
            where.getErr().println("balsa: " + ExitCodes.oneLine(error.getMessage()) + " (see " + name + " --help)");
            return ExitCodes.USAGE;
        });
        commandLine.setExecutionExceptionHandler((error, command, parsed) -> {
            command.getErr().println("balsa: " + ExitCodes.oneLine(error.getMessage()));
            return ExitCodes.of(error);
        });
        return commandLine;
    }
}

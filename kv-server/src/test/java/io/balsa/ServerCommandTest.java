package io.balsa;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator.ExecutionStatus;
import ch.qos.logback.core.OutputStreamAppender;
import io.balsa.cli.Balsa;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What {@code balsa server} leaves out to start sooner must not show. */
final class ServerCommandTest {
    @Test
    void aloneItHelpsAndRefusesAsAmongTheOthers() {
        Map<String, CommandLine> all =
                Balsa.commandLine().addSubcommand(new ServerCommand()).getSubcommands();
        CommandLine alone = Balsa.alone(new ServerCommand());

        CommandLine among = Objects.requireNonNull(all.get("server"));
        assertThat(alone.getUsageMessage()).isEqualTo(among.getUsageMessage());
        assertThat(alone.getCommandSpec().qualifiedName())
                .isEqualTo(among.getCommandSpec().qualifiedName());
        assertThat(alone.execute("--id", "n1")).isEqualTo(2);
    }

    @Test
    void theLogGoesToStandardOutputWithoutTheLibrariesSmallTalk() {
        LoggerContext context = new LoggerContext();
        Logging logging = new Logging();
        logging.setContext(context);

        assertThat(logging.configure(context)).isEqualTo(ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY);

        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        assertThat(root.getLevel()).isEqualTo(Level.INFO);
        assertThat(root.getAppender("stdout"))
                .isInstanceOfSatisfying(
                        OutputStreamAppender.class,
                        appender -> assertThat(appender.isStarted()).isTrue());
        assertThat(context.getLogger("io.netty.channel").getEffectiveLevel()).isEqualTo(Level.WARN);
        assertThat(context.getLogger("io.vertx.core").getEffectiveLevel()).isEqualTo(Level.WARN);
        assertThat(context.getLogger("io.balsa.Server").isDebugEnabled()).isFalse();
    }
}

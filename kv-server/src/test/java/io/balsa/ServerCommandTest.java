package io.balsa;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.Configurator.ExecutionStatus;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import io.balsa.cli.Balsa;
import java.io.IOException;
import java.util.List;
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

    @Test
    void aLineOfTheLogIsWhatLogbacksPatternWouldMakeOfIt() {
        LoggerContext context = new LoggerContext();
        PatternLayout pattern = new PatternLayout();
        pattern.setContext(context);
        pattern.setPattern("%d{\"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\"} %-5level [%thread] %logger{0}: %msg%n");
        pattern.start();
        Logging.Line line = new Logging.Line();
        Exception failure = new IOException("no room", new IllegalStateException("cause"));
        for (String name : List.of("io.balsa.Server", "Server", "ROOT")) {
            for (Level level : List.of(Level.TRACE, Level.INFO, Level.WARN, Level.ERROR)) {
                for (Exception thrown : new Exception[] {null, failure}) {
                    LoggingEvent event = new LoggingEvent(
                            "here", context.getLogger(name), level, "{} of {}", thrown, new Object[] {"one", 2});
                    assertThat(line.doLayout(event)).isEqualTo(pattern.doLayout(event));
                }
            }
        }
    }
}

package io.balsa.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The stories in {@code src/test/resources/raft}: commands and what follows from them, message by message. A change of
 * the core that changes what servers say to each other shows as a difference there; {@code -Drewrite} writes the files
 * anew, to be read before they are committed.
 */
class RaftScriptTest {
    private static final Path SCRIPTS = Path.of("src/test/resources/raft");

    private static List<Path> scripts() throws IOException {
        try (Stream<Path> files = Files.list(SCRIPTS)) {
            return files.filter(file -> file.toString().endsWith(".txt"))
                    .sorted()
                    .toList();
        }
    }

    @TestFactory
    Stream<DynamicTest> everyScriptHappensAsItIsWritten() throws IOException {
        return scripts().stream()
                .map(script -> DynamicTest.dynamicTest(script.getFileName().toString(), () -> check(script)));
    }

    private static void check(Path script) throws IOException {
        List<String> then = Files.readAllLines(script);
        List<String> now = RaftScript.run(then);
        if (System.getProperty("rewrite") != null) {
            Files.write(script, now);
        } else {
            assertThat(now).as("-Drewrite writes %s anew", script).isEqualTo(then);
        }
    }

    @Test
    void thereAreScripts() throws IOException {
        assertThat(scripts()).hasSizeGreaterThanOrEqualTo(8);
    }
}

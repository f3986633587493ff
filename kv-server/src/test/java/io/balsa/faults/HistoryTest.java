package io.balsa.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.faults.History.Register;
import io.balsa.process.KvHttp.Item;
import io.balsa.process.KvHttp.Outcome;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What judges the scenarios of {@code kv-server/faults} must itself see what is wrong, and nothing else. */
final class HistoryTest {
    private final History history = new History();
    private final Register register = history.begin(20);

    private void write(Outcome outcome) {
        String value = register.write();
        assertThat(value).startsWith(register.key() + "#");
        register.wrote(outcome);
    }

    private boolean read(int version) {
        return register.read("n1", register.floor(), version, version == 0 ? "" : register.value(version));
    }

    private Map<String, Item> content(int version) {
        return Map.of(register.key(), new Item(register.value(version), version, 7));
    }

    @Test
    void aCorrectHistoryIsAccepted() {
        assertThat(read(0)).isTrue();
        write(Outcome.APPLIED);
        write(Outcome.NOT_APPLIED);
        write(Outcome.APPLIED);
        assertThat(read(2)).isTrue();
        int floor = register.floor();
        write(Outcome.APPLIED);
        assertThat(register.read("n1", floor, 2, register.value(2)))
                .as("it began before the third write")
                .isTrue();
        write(Outcome.UNKNOWN);
        assertThat(register.isOpen()).isFalse();
        history.judge("n1", content(3));
        history.judge("n2", content(4));
        assertThat(history.violations()).isEmpty();
        assertThat(history.acknowledged()).isEqualTo(3);
        assertThat(history.lost() + history.wrong()).isZero();
    }

    @Test
    void aLostWriteIsFound() {
        write(Outcome.APPLIED);
        write(Outcome.APPLIED);
        history.judge("n1", content(1));
        history.judge("n2", content(1));
        assertThat(history.lost()).isEqualTo(1);
        history.judge("n1", Map.of());
        assertThat(history.lost()).isEqualTo(2);
        assertThat(history.violations().get(0)).startsWith("lost: 1 ");
    }

    @Test
    void aStaleReadIsFound() {
        write(Outcome.APPLIED);
        write(Outcome.APPLIED);
        assertThat(read(1)).isFalse();
        assertThat(read(0)).isFalse();
        assertThat(history.wrong()).isEqualTo(2);
        assertThat(history.violations().get(0)).contains("is stale");
    }

    @Test
    void whatWasSeenOnceMustNotGoBack() {
        write(Outcome.APPLIED);
        write(Outcome.UNKNOWN);
        assertThat(read(1)).isTrue();
        assertThat(read(2)).isTrue();
        assertThat(read(1)).isFalse();
        history.judge("n1", content(1));
        assertThat(history.lost()).isEqualTo(1);
    }

    @Test
    void aWriteThatIsAppliedTwiceIsFound() {
        write(Outcome.APPLIED);
        history.judge("n1", Map.of(register.key(), new Item(register.value(1), 2, 7)));
        assertThat(history.violations().get(0)).contains("applied twice");
        write(Outcome.APPLIED);
        assertThat(register.read("n1", 2, 2, register.value(1)))
                .as("as version 2")
                .isFalse();
    }

    @Test
    void aRefusedWriteThatIsThereIsFound() {
        write(Outcome.APPLIED);
        write(Outcome.NOT_APPLIED);
        assertThat(read(2)).isFalse();
    }

    @Test
    void aWrongValueAndAKeyThatNobodyWroteAreFound() {
        write(Outcome.APPLIED);
        assertThat(register.read("n1", 1, 1, register.value(1).replace('x', 'y')))
                .isFalse();
        history.judge("n1", Map.of(register.key(), new Item(register.value(1), 1, 7), "other", new Item("", 1, 8)));
        assertThat(history.violations()).hasSize(2).last().asString().contains("never written");
    }

    /** A plant whose snippet has moved would be noticed only where there are loop devices. */
    @ParameterizedTest
    @EnumSource(Plant.class)
    void thePlantedBugsAreJava(Plant plant, @TempDir Path directory) throws Exception {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path", ""));
        plant.compile(classPath, directory);
        assertThat(directory.resolve("io/balsa")).isDirectory();
    }
}

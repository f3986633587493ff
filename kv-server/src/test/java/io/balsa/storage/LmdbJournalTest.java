package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.node.Election;
import io.balsa.node.ElectionJournal;
import io.balsa.raft.NodeId;
import io.balsa.raft.Vote;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LmdbJournalTest {
    private static final NodeId SELF = new NodeId(1);

    @TempDir
    Path directory;

    private final List<String> warnings = new ArrayList<>();

    private interface Use {
        void run(LmdbJournal journal);
    }

    private void open(Use use) {
        try (DataDirectory data = DataDirectory.open(directory, "test", SELF);
                LmdbJournal journal = LmdbJournal.open(data, warnings::add)) {
            use.run(journal);
        }
    }

    private static Election election(long number, @Nullable NodeId leader) {
        Vote vote = new Vote(number, SELF, new NodeId(2), false, Vote.Verdict.GRANTED);
        return new Election(
                number, SELF, number, 5, Election.Trigger.TIMEOUT, null, 0, leader, -1, 1, 2, 3, 4, 0, List.of(vote));
    }

    @Test
    void whatWasSavedIsThereAgain() {
        open(journal -> {
            assertThat(journal.kept()).isEmpty();
            journal.save(election(1, null));
            journal.save(election(2, null));
            journal.save(election(2, SELF));
        });
        open(journal -> assertThat(journal.kept()).containsExactly(election(1, null), election(2, SELF)));
    }

    @Test
    void theLastThousandAreKept() {
        for (int from = 1; from <= ElectionJournal.KEPT + 20; from += 60) {
            int first = from;
            open(journal -> {
                for (long number = first; number < first + 60; number++) {
                    journal.save(election(number, SELF));
                }
            });
        }
        open(journal -> {
            assertThat(journal.kept()).hasSize(ElectionJournal.KEPT);
            assertThat(journal.kept().get(0).number()).isEqualTo(1020 - ElectionJournal.KEPT + 1);
        });
    }

    @Test
    void aDamagedJournalIsSetAsideAndANewOneBegins() throws IOException {
        open(journal -> journal.save(election(1, SELF)));
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("journal/data.mdb").toFile(), "rw")) {
            byte[] bytes = new byte[(int) file.length()];
            file.readFully(bytes);
            int at = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).lastIndexOf("TIMEOUT");
            file.seek(at);
            file.write('X');
        }
        open(journal -> {
            assertThat(journal.kept()).isEmpty();
            journal.save(election(1, null));
        });
        assertThat(warnings)
                .singleElement()
                .asString()
                .contains("an election is damaged")
                .contains("journal.damaged-");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .anyMatch(name -> name.startsWith("journal.damaged-"));
        }
        open(journal -> assertThat(journal.kept()).containsExactly(election(1, null)));
    }
}

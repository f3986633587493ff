package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.node.StorageException;
import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged store is moved, never deleted, and no crash on the way gives an empty log the old directory's vote. */
final class SetAsideTest {
    private static final NodeId N1 = new NodeId(1);
    private static final Instant NOW = Instant.parse("2026-11-29T15:01:07Z");
    private static final String NAME = "set-aside-20261129T150107Z";
    private static final long MAP_BYTES = 1L << 30;

    @TempDir
    Path parent;

    /** Of so many voters; returns the id. */
    private String write(int voters) {
        try (DataDirectory directory = DataDirectory.open(parent, "kon-tiki", N1)) {
            directory.form(membership(voters));
            write(directory);
            return directory.id();
        }
    }

    private static void write(DataDirectory directory) {
        try (LmdbLog log = LmdbLog.open(directory, MAP_BYTES, CommitObserver.NONE);
                LmdbState state = LmdbState.open(directory, MAP_BYTES, 1 << 20, nanos -> {})) {
            log.write(new HardState(3, N1), List.of(StorageContract.entry(1, 3, "one")));
            state.put("key".getBytes(StandardCharsets.UTF_8), "value".getBytes(StandardCharsets.UTF_8));
            state.applied(1);
        }
    }

    private static Membership membership(int voters) {
        return new Membership(
                0,
                "kon-tiki",
                IntStream.rangeClosed(1, voters)
                        .mapToObj(i -> new Member(
                                new NodeId(i),
                                Member.Standing.VOTER,
                                Integer.toString(i).repeat(32),
                                "h:" + i))
                        .toList());
    }

    private static EntryId lastOf(DataDirectory directory) {
        try (LmdbLog log = LmdbLog.open(directory, MAP_BYTES, CommitObserver.NONE)) {
            return log.last();
        }
    }

    @Test
    void theServerBeginsAnewBesideItsOldStore() throws IOException {
        String id = write(3);
        try (DataDirectory directory = DataDirectory.open(parent, "kon-tiki", N1)) {
            directory.setAside("entry 17 is damaged", NOW);
            assertBegunAnew(directory, id);
        }
        try (DataDirectory directory = DataDirectory.open(parent, "kon-tiki", N1)) {
            assertBegunAnew(directory, id);
        }
        assertThat(parent.resolve(NAME).resolve("reason.txt")).content().contains("entry 17 is damaged", id, "n1");
    }

    private void assertBegunAnew(DataDirectory directory, String oldId) {
        assertThat(directory.id()).isNotEqualTo(oldId);
        assertThat(directory.isReplacement()).isTrue();
        assertThat(directory.firstMembership()).isNull();
        assertThat(lastOf(directory)).isEqualTo(EntryId.NONE);
        assertThat(directory.setAsides()).extracting(SetAsideStore::name).containsExactly(NAME);
        assertThat(directory.setAsides().get(0).bytes()).isPositive();
        try (DataDirectory old = DataDirectory.openExisting(parent.resolve(NAME))) {
            assertThat(old.id()).isEqualTo(oldId);
            assertThat(old.firstMembership()).isEqualTo(membership(3));
            assertThat(lastOf(old)).isEqualTo(new EntryId(1, 3));
            try (LmdbState state = LmdbState.open(old, MAP_BYTES, 1 << 20, nanos -> {})) {
                assertThat(state.get("key".getBytes(StandardCharsets.UTF_8))).isNotNull();
            }
        }
    }

    /** Stands for the end of the process. */
    private static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @Test
    void aCrashAnywhereOnTheWayLeavesTheOldStoreOrTheNew() throws IOException {
        int olds = 0;
        int step = 1;
        boolean crashed = true;
        while (crashed) {
            Path directory = Files.createDirectory(parent.resolve("step" + step));
            Path mine = parent;
            parent = directory;
            String id = write(3);
            crashed = crashAt(directory, step);
            try (DataDirectory opened = DataDirectory.open(directory, "kon-tiki", N1)) {
                if (opened.id().equals(id)) {
                    olds++;
                    assertThat(lastOf(opened)).isEqualTo(new EntryId(1, 3));
                    assertThat(opened.setAsides()).isEmpty();
                    opened.setAside("again", NOW);
                }
                assertBegunAnew(opened, id);
            }
            parent = mine;
            step++;
        }
        assertThat(olds).isEqualTo(2);
        assertThat(step).isGreaterThan(7);
    }

    /** Returns whether there was such a step. */
    private static boolean crashAt(Path directory, int step) throws IOException {
        Identity identity = Identity.readFrom(directory.resolve("identity"));
        int[] left = {step};
        try {
            new SetAside(directory, () -> {
                        left[0]--;
                        if (left[0] == 0) {
                            throw new Crash();
                        }
                    })
                    .run(identity, "damaged", NOW);
            return false;
        } catch (Crash crash) {
            return true;
        }
    }

    @Test
    void whatMayBeTheOnlyCopyStays() {
        for (int voters : new int[] {1, 2}) {
            try (DataDirectory directory = DataDirectory.open(parent.resolve("voters" + voters), "kon-tiki", N1)) {
                directory.form(membership(voters));
                String id = directory.id();
                write(directory);
                assertThatThrownBy(() -> directory.setAside("damage", NOW))
                        .isInstanceOf(StorageException.class)
                        .hasMessageContaining("may be the only copy")
                        .hasMessageContaining("balsa recover");
                assertThat(directory.id()).isEqualTo(id);
                assertThat(lastOf(directory)).isEqualTo(new EntryId(1, 3));
                // Others have come since.
                directory.noteVoters(membership(4).voters());
            }
            try (DataDirectory directory = DataDirectory.open(parent.resolve("voters" + voters), "kon-tiki", N1)) {
                directory.setAside("damage", NOW);
                assertThat(lastOf(directory)).isEqualTo(EntryId.NONE);
            }
        }
    }

    @Test
    void aServerThatWasNeverToldWhoVotesKeepsItsStore() {
        try (DataDirectory directory = DataDirectory.open(parent, "kon-tiki", N1)) {
            assertThatThrownBy(() -> directory.setAside("damage", NOW)).hasMessageContaining("only copy");
        }
    }

    @Test
    void aLearnersStoreIsNobodysOnlyCopy() {
        try (DataDirectory directory = DataDirectory.open(parent, "kon-tiki", new NodeId(5))) {
            directory.noteVoters(List.of(N1));
            directory.setAside("damage", NOW);
            assertThat(directory.setAsides()).hasSize(1);
        }
    }

    @Test
    void aRecoveredClusterOfOneKeepsItsStore() {
        write(3);
        try (DataDirectory directory = DataDirectory.openExisting(parent)) {
            directory.rename("phoenix");
            assertThatThrownBy(() -> directory.setAside("damage", NOW)).hasMessageContaining("only copy");
        }
    }

    @Test
    void aDiskThatDamagesTooMuchIsLeftToAPerson() {
        write(3);
        try (DataDirectory directory = DataDirectory.open(parent, "kon-tiki", N1)) {
            for (int i = 0; i < SetAside.STORES_MAX; i++) {
                directory.setAside("damage", NOW);
            }
            assertThat(directory.setAsides()).hasSize(SetAside.STORES_MAX);
            String id = directory.id();
            assertThatThrownBy(() -> directory.setAside("damage", NOW)).hasMessageContaining("should be replaced");
            assertThat(directory.id()).isEqualTo(id);
        }
    }
}

package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.node.StorageException;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DataDirectoryTest {
    private static final NodeId N1 = new NodeId(1);

    @TempDir
    Path parent;

    @Test
    void aDirectoryKeepsItsIdentity() {
        Path directory = parent.resolve("a/b");
        String id;
        try (DataDirectory opened = DataDirectory.open(directory, "kon-tiki", N1)) {
            id = opened.id();
            assertThat(id).matches("[0-9a-f]{32}");
            assertThat(opened.clusterId()).isEqualTo("kon-tiki");
            assertThat(opened.node()).isEqualTo(N1);
            assertThat(opened.log()).isDirectory();
            assertThat(opened.state()).isDirectory();
        }
        try (DataDirectory opened = DataDirectory.open(directory, "kon-tiki", N1)) {
            assertThat(opened.id()).isEqualTo(id);
        }
        try (DataDirectory other = DataDirectory.open(parent.resolve("c"), "kon-tiki", N1)) {
            assertThat(other.id()).isNotEqualTo(id);
        }
    }

    @Test
    void aDirectoryKeepsTheFirstMembershipUntilItBeginsAnotherCluster() {
        Membership first = new Membership(
                0,
                "kon-tiki",
                List.of(
                        new Member(N1, Member.Standing.VOTER, "d1", "10.0.0.1:9081"),
                        new Member(new NodeId(2), Member.Standing.VOTER, "d2", "[::1]:9082")));
        String id;
        try (DataDirectory opened = DataDirectory.open(parent, "kon-tiki", N1)) {
            assertThat(opened.firstMembership()).isNull();
            opened.form(first);
            assertThat(opened.firstMembership()).isEqualTo(first);
            id = opened.id();
        }
        try (DataDirectory opened = DataDirectory.openExisting(parent)) {
            assertThat(opened.firstMembership()).isEqualTo(first);
            opened.rename("phoenix");
        }
        try (DataDirectory opened = DataDirectory.open(parent, "phoenix", N1)) {
            assertThat(opened.firstMembership()).isNull();
            assertThat(opened.id()).isEqualTo(id);
        }
        assertThatThrownBy(() -> DataDirectory.openExisting(parent.resolve("nowhere")))
                .hasMessageContaining("is not the data directory of a Balsa server");
    }

    @Test
    void anotherNodeIsRefused() {
        DataDirectory.open(parent, "kon-tiki", N1).close();
        assertThatThrownBy(() -> DataDirectory.open(parent, "kon-tiki", new NodeId(2)))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("belongs to node n1")
                .hasMessageContaining("started as n2");
        DataDirectory.open(parent, "kon-tiki", N1).close(); // The refusal left it free and unchanged.
    }

    @Test
    void anotherClusterIsRefused() {
        DataDirectory.open(parent, "kon-tiki", N1).close();
        assertThatThrownBy(() -> DataDirectory.open(parent, "ra \"II\"", N1))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("belongs to cluster 'kon-tiki'")
                .hasMessageContaining("started for cluster 'ra \"II\"'");
    }

    @Test
    void aSecondOpenInTheSameProcessIsRefusedByAnyPath() throws IOException {
        Path directory = Files.createDirectory(parent.resolve("real"));
        Path link = Files.createSymbolicLink(parent.resolve("link"), directory);
        DataDirectory opened = DataDirectory.open(directory, "kon-tiki", N1);
        for (Path path : List.of(directory, link)) {
            assertThatThrownBy(() -> DataDirectory.open(path, "kon-tiki", N1))
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining("in use by a running server");
        }
        opened.close();
        opened.close();
        DataDirectory.open(link, "kon-tiki", N1).close();
    }

    @Test
    void aSecondOpenInAnotherProcessIsRefusedEvenAfterOneInThisProcessWas() throws Exception {
        try (DataDirectory opened = DataDirectory.open(parent, "kon-tiki", N1)) {
            assertThatThrownBy(() -> DataDirectory.open(opened.path(), "kon-tiki", N1))
                    .isInstanceOf(StorageException.class);
            assertThat(openInAnotherProcess()).contains("in use by a running server");
        }
        assertThat(openInAnotherProcess()).isEqualTo("opened");
    }

    private String openInAnotherProcess() throws Exception {
        Process child = ChildJvm.start(Opener.class, List.of(parent.toString()));
        try (BufferedReader lines = ChildJvm.lines(child)) {
            String line = lines.readLine();
            child.waitFor();
            return String.valueOf(line);
        }
    }

    /** Opens the directory and says how it went. */
    static final class Opener {
        private Opener() {}

        public static void main(String[] args) {
            try (DataDirectory opened = DataDirectory.open(Path.of(args[0]), "kon-tiki", N1)) {
                System.out.println(opened.id().isEmpty() ? "no id" : "opened");
            } catch (StorageException refused) {
                System.out.println(refused.getMessage());
            }
        }
    }

    @Test
    void anIdentityThatCannotBeUnderstoodIsRefused() throws IOException {
        DataDirectory.open(parent, "kon-tiki", N1).close();
        Path identity = parent.resolve("identity");
        String good = Files.readString(identity);
        for (String bad : List.of(
                "",
                "{",
                "[]",
                "{\"format\":1}",
                good.replace("\"n1\"", "\"one\""),
                good.replace("\"n1\"", "[]"),
                good.replace("directory\":\"", "directory\":\"zz"))) {
            Files.writeString(identity, bad);
            assertThatThrownBy(() -> DataDirectory.open(parent, "kon-tiki", N1))
                    .as(bad)
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining(identity.toString());
        }
        Files.writeString(identity, good.replace("\"format\":1", "\"format\":2"));
        assertThatThrownBy(() -> DataDirectory.open(parent, "kon-tiki", N1)).hasMessageContaining("format 2");
        Files.writeString(identity, good);
        DataDirectory.open(parent, "kon-tiki", N1).close();
    }

    @Test
    void aMissingIdentityBesideDataIsRefusedInsteadOfBecomingAnotherServer() throws IOException {
        try (DataDirectory opened = DataDirectory.open(parent, "kon-tiki", N1);
                LmdbLog log = LmdbLog.open(opened, 1L << 30, CommitObserver.NONE)) {
            log.write(null, List.of(StorageContract.entry(1, 1, "a")));
        }
        Files.delete(parent.resolve("identity"));
        assertThatThrownBy(() -> DataDirectory.open(parent, "kon-tiki", N1))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("is missing although");
    }
}

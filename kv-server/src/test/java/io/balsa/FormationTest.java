package io.balsa;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.balsa.transport.Greeting;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FormationTest {
    private static final NodeId N1 = new NodeId(1);
    private static final NodeId N2 = new NodeId(2);
    private static final NodeId N3 = new NodeId(3);

    private final List<Membership> formed = new ArrayList<>();

    private Formation formation(NodeId... told) {
        return new Formation(N1, "home", "d1", "host1:1", Set.of(told), formed::add);
    }

    private static Greeting greeting(NodeId from, String directoryId, String expects) {
        return new Greeting(from, "home", directoryId, "host" + from.value() + ":1", "", expects, 0);
    }

    @Test
    void aClusterBeginsOnceAServerHasMetAllOthersAndKnowsTheirDirectories() {
        Formation formation = formation(N1, N2, N3);
        formation.formIfComplete();
        formation.met(greeting(N2, "d2", ""));
        formation.met(greeting(N2, "d2", "d1"));
        formation.met(greeting(new NodeId(9), "d9", ""));
        assertThat(formed).isEmpty();
        formation.met(greeting(N3, "d3", "d1"));
        formation.met(greeting(N3, "d3", "d1"));
        assertThat(formed)
                .containsExactly(new Membership(
                        0,
                        "home",
                        List.of(
                                new Member(N1, Member.Standing.VOTER, "d1", "host1:1"),
                                new Member(N2, Member.Standing.VOTER, "d2", "host2:1"),
                                new Member(N3, Member.Standing.VOTER, "d3", "host3:1"))));
    }

    @Test
    void aServerAloneNeedsNobody() {
        formation(N1).formIfComplete();
        assertThat(formed).hasSize(1);
    }

    @Test
    void aServerThatAnotherOneKnowsByAnotherDirectoryWaits() {
        Formation formation = formation(N1, N2, N3);
        formation.met(greeting(N2, "d2", "the one before it was wiped"));
        formation.met(greeting(N3, "d3", ""));
        assertThat(formed).isEmpty();
    }

    @Test
    void aPeerThatWasWipedBeforeAllHadMetCountsByItsNewDirectory() {
        Formation formation = formation(N1, N2, N3);
        formation.met(greeting(N2, "d2", ""));
        formation.met(greeting(N2, "d2 again", ""));
        formation.met(greeting(N3, "d3", ""));
        assertThat(formed.get(0).members().get(1).directoryId()).isEqualTo("d2 again");
    }
}

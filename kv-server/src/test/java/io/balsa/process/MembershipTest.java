package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.balsa.client.BalsaClient;
import io.balsa.client.ClusterStatus;
import io.balsa.client.NotAppliedException;
import io.balsa.client.PreconditionFailedException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers come, go and lose their disks while clients write. */
final class MembershipTest {
    private static BalsaClient client(ProcessCluster cluster) {
        return BalsaClient.builder()
                .endpoints(cluster.servers().stream()
                        .map(server -> server.http().toString())
                        .toList())
                .deadline(Duration.ofSeconds(20))
                .build();
    }

    private static ClusterStatus awaitVoters(ProcessCluster cluster, String... ids) {
        ClusterStatus[] last = new ClusterStatus[1];
        try (BalsaClient client = client(cluster)) {
            await("the voters " + List.of(ids))
                    .atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(50))
                    .ignoreExceptions()
                    .until(() -> {
                        last[0] = client.cluster();
                        return last[0].members().stream()
                                .filter(member -> member.role().equals("voter"))
                                .map(ClusterStatus.Member::id)
                                .toList()
                                .equals(List.of(ids));
                    });
        }
        return last[0];
    }

    private static ServerProcess join(ProcessCluster cluster, String id) throws Exception {
        ServerProcess joining = cluster.startJoining(id);
        await().atMost(Duration.ofSeconds(60))
                .until(() -> cluster.kv().status(joining.http()).get("role") != null);
        try (BalsaClient client = client(cluster)) {
            client.addMember(id, cluster.raftAddress(id), true, null);
        }
        return joining;
    }

    @Test
    @Timeout(300)
    void aClusterGrowsReplacesAServerAndLetsItsLeaderGoUnderLoad() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("grow", 1, "standard")) {
            join(cluster, "n2");
            awaitVoters(cluster, "n1", "n2");
            join(cluster, "n3");
            assertThat(awaitVoters(cluster, "n1", "n2", "n3").failureTolerance())
                    .isEqualTo(1);
            try (Writers writers = Writers.start(cluster, 3)) {
                writers.awaitApplied(100);
                join(cluster, "n4");
                awaitVoters(cluster, "n1", "n2", "n3", "n4");
                try (BalsaClient client = client(cluster)) {
                    client.removeMember("n2", null);
                }
                cluster.discard(cluster.server("n2")); // It is not told, and would show what it knows.
                awaitVoters(cluster, "n1", "n3", "n4");
                writers.awaitApplied(100);

                ServerProcess leader = cluster.awaitLeader();
                writers.mark();
                try (BalsaClient client = client(cluster)) {
                    client.removeMember(leader.id(), null);
                }
                double gap = writers.awaitFirstAppliedSinceMark();
                System.out.printf("from the leader's removal to the next acknowledged write: %.0f ms%n", gap);
                cluster.discard(leader);
                cluster.awaitLeader();
                writers.awaitApplied(100);
                writers.stop();
                writers.verify(cluster);
            }
            try (BalsaClient client = client(cluster)) {
                assertThat(client.cluster().members()).hasSize(2);
            }
        }
    }

    @Test
    @Timeout(300)
    void aServerOnAWipedDiskHasNoVoteUntilItHasCaughtUpAgain() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("wiped", 3, "standard");
                Writers writers = Writers.start(cluster, 3)) {
            writers.awaitApplied(200);
            ServerProcess leader = cluster.awaitLeader();
            ServerProcess wiped = cluster.othersThan(leader).get(0);
            ServerProcess other = cluster.othersThan(leader).get(1);
            long before = revision(cluster);
            cluster.wipe(wiped);
            wiped.start();
            awaitVoters(cluster, "n1", "n2", "n3");
            await("the leader has taken the new disk in, and promoted it")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> revision(cluster) > before
                            && awaitVoters(cluster, "n1", "n2", "n3").membershipRevision() > before + 1);
            assertThat(wiped.logged()).contains("by another data directory");
            writers.awaitApplied(100);
            // It counts again: without it there would be no majority now.
            other.kill();
            writers.awaitApplied(100);
            other.start();
            cluster.awaitReady(other);
            writers.stop();
            writers.verify(cluster);
        }
    }

    private static long revision(ProcessCluster cluster) {
        try (BalsaClient client = client(cluster)) {
            return client.cluster().membershipRevision();
        }
    }

    @Test
    @Timeout(300)
    void whatWouldDoHarmIsRefusedWithTheReason() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("refusals", 3, "standard");
                BalsaClient client = client(cluster)) {
            assertThatThrownBy(() -> client.addMember("n4", "127.0.0.1:1", true, null))
                    .isInstanceOf(NotAppliedException.class)
                    .hasMessageContaining("cannot connect to 127.0.0.1:1");
            ServerProcess stranger = cluster.startAnother("n5", "--join", "--cluster-id", "away");
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> cluster.kv().status(stranger.http()).get("role") != null);
            assertThatThrownBy(() -> client.addMember("n5", cluster.raftAddress("n5"), true, null))
                    .hasMessageContaining("belongs to cluster 'away', not to 'refusals'");
            cluster.discard(stranger);

            ServerProcess leader = cluster.awaitLeader();
            ServerProcess gone = cluster.othersThan(leader).get(0);
            ServerProcess left = cluster.othersThan(leader).get(1);
            long revision = client.cluster().membershipRevision();
            assertThatThrownBy(() -> client.removeMember(gone.id(), revision + 1))
                    .isInstanceOf(PreconditionFailedException.class);
            ServerProcess used = cluster.startAnother("n6", "--cluster-id", "refusals");
            cluster.awaitReady(used);
            assertThatThrownBy(() -> client.addMember("n6", cluster.raftAddress("n6"), true, null))
                    .hasMessageContaining("start it with an empty data directory");
            cluster.discard(used);

            gone.kill();
            await("the leader misses it")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> sinceContact(leader, gone) > 1_000);
            assertThatThrownBy(() -> client.removeMember(left.id(), null))
                    .hasMessageContaining("of which 1 are alive and 2 are needed");
            client.removeMember(gone.id(), null);
            // Any server may answer, and one that follows hears of it with the next message.
            await("all know that no more may fail")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> client.cluster().failureTolerance() == 0);
            cluster.discard(gone);
        }
    }

    /** Milliseconds since the leader heard from the other, as it says. */
    private static long sinceContact(ServerProcess leader, ServerProcess other) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(leader.http().resolve("/v1/cluster")).build();
        String body = HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.ofString())
                .body();
        Matcher contact = Pattern.compile("\"id\":\"" + other.id() + "\"[^}]*\"sinceContactMillis\":([0-9]+)")
                .matcher(body);
        return contact.find() ? Long.parseLong(contact.group(1)) : -1;
    }

    @Test
    @Timeout(300)
    void oneSurvivingDirectoryBecomesANewClusterThatGrowsAgain() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("recover", 3, "standard")) {
            try (BalsaClient client = client(cluster)) {
                client.put("greeting", "hello");
            }
            cluster.awaitSameRevision();
            cluster.servers().forEach(ServerProcess::kill);
            String directory = cluster.dataOf("n2").toString();
            List<String> arguments = List.of("--data-dir", directory, "--raft", cluster.raftAddress("n2"));
            ServerProcess.Run asked = ServerProcess.balsa("recover", arguments);
            assertThat(asked.exit()).isZero();
            assertThat(asked.output()).contains("n2 of cluster recover", "Nothing was changed");
            List<String> really = new java.util.ArrayList<>(arguments);
            really.addAll(List.of("--yes", "--new-cluster-id", "phoenix"));
            ServerProcess.Run done = ServerProcess.balsa("recover", really);
            assertThat(done.output()).contains("It is a cluster of one now, phoenix");

            ServerProcess old = cluster.server("n1");
            ServerProcess lost = cluster.server("n3");
            cluster.servers().stream().toList().forEach(server -> {
                if (server != old) {
                    cluster.forget(server);
                }
            });
            ServerProcess phoenix = cluster.startAnother("n2", "--cluster-id", "phoenix");
            cluster.awaitReady(phoenix);
            cluster.forget(old);
            old.start(); // What is left of the old cluster is refused.
            try (BalsaClient client = client(cluster)) {
                assertThat(client.get("greeting").orElseThrow().valueText()).isEqualTo("hello");
                assertThat(client.cluster().failureTolerance()).isZero();
                ServerProcess fresh = cluster.startAnother("n4", "--join", "--cluster-id", "phoenix");
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> cluster.kv().status(fresh.http()).get("role") != null);
                client.addMember("n4", cluster.raftAddress("n4"), true, null);
                awaitVoters(cluster, "n2", "n4");
                client.put("greeting", "hello again");
                cluster.awaitSameRevision();
            } finally {
                old.kill();
            }
            assertThat(phoenix.isAlive()).isTrue();
            assertThat(lost.isAlive()).isFalse();
        }
    }
}

package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A disk gives back what was never written: the server sets its store aside and is filled again by its peers. */
final class SickDiskTest {
    private static final Duration HEALED_MAX = Duration.ofSeconds(90);
    private static final int PAGE = 4096;
    private static final int DATA_ROOT_AT = 16 + 72 + 40;
    private static final int TXN_AT = 16 + 128;
    private static final int EXIT_COULD_NOT_START = 4;
    private static final int EXIT_HALTED = 70;

    private static Path state(ProcessCluster cluster, ServerProcess server) {
        return cluster.dataOf(server.id()).resolve("state").resolve("data.mdb");
    }

    private static Path log(ProcessCluster cluster, ServerProcess server) {
        return cluster.dataOf(server.id()).resolve("log").resolve("data.mdb");
    }

    /** The root of the tree of records becomes a page of zeros. */
    private static void zeroTheRoot(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer meta = ByteBuffer.allocate(2 * PAGE).order(ByteOrder.nativeOrder());
            channel.read(meta, 0);
            int newest = meta.getLong(TXN_AT) > meta.getLong(PAGE + TXN_AT) ? 0 : PAGE;
            channel.write(ByteBuffer.allocate(PAGE), meta.getLong(newest + DATA_ROOT_AT) * PAGE);
        }
    }

    /** Flips a bit behind each place where the text is; returns how many there are. */
    private static int flipBehind(Path file, String text) throws IOException {
        byte[] content = Files.readAllBytes(file);
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        List<Integer> places = new ArrayList<>();
        for (int at = 2 * PAGE; at + wanted.length < content.length; at++) {
            if (ByteBuffer.wrap(content, at, wanted.length).equals(ByteBuffer.wrap(wanted))) {
                places.add(at + wanted.length);
            }
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (int at : places) {
                channel.write(ByteBuffer.wrap(new byte[] {(byte) (content[at] ^ 4)}), at);
            }
        }
        return places.size();
    }

    /** The data directory by which the cluster knows the server; empty when it does not say. */
    private static String directoryOf(ProcessCluster cluster, ServerProcess server, String role) throws Exception {
        String body =
                cluster.kv().read(cluster.awaitLeader().http(), "/v1/cluster").body();
        Matcher member = Pattern.compile(
                        "\\{[^{}]*\"id\":\"" + server.id() + "\"[^{}]*\"role\":\"" + role + "\"[^{}]*}")
                .matcher(body);
        if (!member.find()) {
            return "";
        }
        Matcher directory =
                Pattern.compile("\"dataDirectoryId\":\"([0-9a-f]{32})\"").matcher(member.group());
        return directory.find() ? directory.group(1) : "";
    }

    private static String directoryOf(ProcessCluster cluster, ServerProcess server) throws Exception {
        String directory = directoryOf(cluster, server, "voter");
        assertThat(directory).hasSize(32);
        return directory;
    }

    private static void awaitVoterOnAnotherDirectory(ProcessCluster cluster, ServerProcess server, String before) {
        await(server + " votes again").atMost(HEALED_MAX).ignoreExceptions().until(() -> {
            String now = directoryOf(cluster, server, "voter");
            return !now.isEmpty() && !now.equals(before);
        });
    }

    private static List<Path> setAside(ProcessCluster cluster, ServerProcess server) throws IOException {
        List<Path> stores = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(cluster.dataOf(server.id()), "set-aside-*")) {
            found.forEach(stores::add);
        }
        return stores;
    }

    private static String number(ProcessCluster cluster, ServerProcess server, String field) {
        return Objects.requireNonNullElse(cluster.kv().status(server.http()).get(field), "no answer");
    }

    @Test
    @Timeout(300)
    void aFollowerThatStartsOnDamageHealsByItselfWhileTheClusterServes() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("damaged-start", 3, "standard");
                Writers writers = Writers.start(cluster, 3)) {
            writers.awaitApplied(300);
            ServerProcess leader = cluster.awaitLeader();
            ServerProcess sick = cluster.othersThan(leader).get(0);
            ServerProcess other = cluster.othersThan(leader).get(1);
            for (int round = 1; round <= 2; round++) {
                String before = directoryOf(cluster, sick);
                sick.terminate(); // So that the state is whole without the log.
                byte[] damaged;
                if (round == 1) {
                    zeroTheRoot(state(cluster, sick));
                    damaged = Files.readAllBytes(state(cluster, sick));
                } else {
                    assertThat(flipBehind(log(cluster, sick), "value-")).isPositive();
                    damaged = Files.readAllBytes(log(cluster, sick));
                }
                writers.awaitApplied(100);
                sick.start();
                writers.awaitApplied(100);
                awaitVoterOnAnotherDirectory(cluster, sick, before);
                assertThat(sick.logged()).contains("has set its store aside", "waits, without a vote");
                assertThat(setAside(cluster, sick)).hasSize(round);
                Path kept = setAside(cluster, sick).stream().sorted().toList().get(round - 1);
                assertThat(kept.resolve(round == 1 ? "state" : "log").resolve("data.mdb"))
                        .hasBinaryContent(damaged);
                assertThat(kept.resolve("identity")).content().contains(before);
                assertThat(number(cluster, sick, "setAsideStores")).isEqualTo(String.valueOf(round));
            }
            cluster.awaitLeader();
            // Its vote counts again: without it there would be no majority now.
            other.kill();
            writers.awaitApplied(100);
            other.start();
            cluster.awaitReady(other);
            writers.stop();
            writers.verify(cluster);
        }
    }

    @Test
    @Timeout(300)
    void damageThatAReadMeetsHealsInTheRunningProcess() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("damaged-read", 3, "standard");
                Writers writers = Writers.start(cluster, 2)) {
            ServerProcess leader = cluster.awaitLeader();
            assertThat(cluster.kv().put(leader.http(), "sick", "a-value-of-its-own-" + "y".repeat(40)))
                    .isEqualTo(KvHttp.Outcome.APPLIED);
            String before = directoryOf(cluster, leader);
            long pid = leader.pid();
            await("the value is read from the disk, and the read meets the damage")
                    .atMost(HEALED_MAX)
                    .pollInterval(Duration.ofMillis(500))
                    .until(() -> {
                        if (flipBehind(state(cluster, leader), "a-value-of-its-own-") == 0) {
                            return false; // Not in a checkpoint yet.
                        }
                        KvHttp.Answer answer;
                        try {
                            answer = cluster.kv().read(leader.http(), "/v1/kv/sick?consistency=stale");
                        } catch (IOException noAnswer) {
                            return true;
                        }
                        if (answer.status() == 200) {
                            assertThat(answer.body()).contains("a-value-of-its-own-yyy");
                            flipBehind(state(cluster, leader), "a-value-of-its-own-"); // Back: it was read from memory.
                        }
                        return answer.status() != 200;
                    });
            awaitVoterOnAnotherDirectory(cluster, leader, before);
            assertThat(leader.logged()).contains("key 0x", "is damaged: CRC32C", "has set its store aside");
            assertThat(leader.pid()).isEqualTo(pid);
            assertThat(leader.isAlive()).isTrue();
            assertThat(cluster.kv().read(leader.http(), "/metrics").body())
                    .contains("balsa_store_set_aside_total 1.0", "balsa_store_set_aside_stores 1.0");
            writers.awaitApplied(100);
            writers.stop();
            writers.verify(cluster);
            assertThat(cluster.kv().read(leader.http(), "/v1/kv/sick").body()).contains("a-value-of-its-own-yyy");
            assertThat(leader.terminate()).isEqualTo(143); // The new server, too, ends in good order.
            assertThat(leader.logged()).endsWith("has shut down\n");
        }
    }

    @Test
    @Timeout(120)
    void theOnlyServerOfAClusterKeepsItsDamagedStoreAndSaysWhatToDo() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("damaged-alone", 1, "standard")) {
            ServerProcess alone = cluster.server("n1");
            assertThat(cluster.kv().put(alone.http(), "sick", "a-value-of-its-own-y"))
                    .isEqualTo(KvHttp.Outcome.APPLIED);
            alone.terminate();
            flipBehind(state(cluster, alone), "a-value-of-its-own-");
            alone.start();
            assertThat(alone.awaitExit()).isEqualTo(EXIT_COULD_NOT_START);
            assertThat(alone.logged()).contains("cannot start", "may be the only copy", "balsa recover");
            assertThat(setAside(cluster, alone)).isEmpty();
            flipBehind(state(cluster, alone), "a-value-of-its-own-");
            alone.start();
            cluster.awaitReady(alone);
            flipBehind(state(cluster, alone), "a-value-of-its-own-");
            try {
                assertThat(cluster.kv()
                                .read(alone.http(), "/v1/kv/sick?consistency=stale")
                                .status())
                        .isNotEqualTo(200);
            } catch (IOException noAnswer) {
                // As it halts.
            }
            assertThat(alone.awaitExit()).isEqualTo(EXIT_HALTED);
            assertThat(alone.logged()).contains("n1 halts: ");
            assertThat(setAside(cluster, alone)).isEmpty();
        }
    }
}

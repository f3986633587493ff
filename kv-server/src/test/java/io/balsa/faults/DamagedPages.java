package io.balsa.faults;

import io.balsa.process.ServerProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * While a server is down, bits of its files flip or pages turn to zeros. It refuses with a message, or what is damaged
 * is in no use; it never serves anything wrong, and the others go on.
 */
final class DamagedPages implements Scenario {
    private static final int PAGE_BYTES = 4096;
    private static final int FLIPS = 3;
    private static final int EXIT_COULD_NOT_START = 4;
    private static final int EXIT_HALTED = 70;
    private static final long START_NANOS_MAX = 60_000_000_000L;

    private final Random random = new Random();

    /** The same in all rounds: damage that was not found yet must stay with a minority. */
    private String victimId = "";

    private enum Damage {
        LOG_BITS("log"),
        STATE_BITS("state"),
        LOG_PAGE("log"),
        STATE_PAGE("state"),
        VALUES("state");

        final String directory;

        Damage(String directory) {
            this.directory = directory;
        }
    }

    @Override
    public String name() {
        return "damaged-pages";
    }

    @Override
    public String story() {
        return "bits flip and pages turn to zeros in log/ and state/ of a server that is down: nothing wrong is served";
    }

    @Override
    public Plant control() {
        return Plant.NO_CHECKSUMS;
    }

    @Override
    public String controlSays() {
        return "another value";
    }

    /** What was damaged in places that are in no use yet may be read later. */
    @Override
    public boolean spoilsTheCluster() {
        return true;
    }

    @Override
    public void round(Trial trial, int number) throws IOException, InterruptedException {
        Cluster cluster = trial.cluster();
        if (number == 0) {
            victimId = "n" + (1 + random.nextInt(3));
        }
        ServerProcess victim = cluster.servers().stream()
                .filter(server -> server.id().equals(victimId))
                .findFirst()
                .orElseThrow();
        Damage damage = trial.isControl() ? Damage.VALUES : Damage.values()[number % Damage.values().length];
        Path file = cluster.disk(victim).data().resolve(damage.directory).resolve("data.mdb");
        trial.load().awaitAcknowledged(50);
        awaitCheckpoint(trial, cluster.disk(victim).data().resolve("state").resolve("data.mdb"));
        victim.kill();
        Path copy = cluster.disk(victim).data().resolveSibling("copy.mdb");
        Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        String where = damage(file, damage);
        trial.load().awaitAcknowledged(50);
        int before = cluster.log(victim).length();
        victim.start();
        boolean ended = endsOrServes(cluster, victim);
        String what = damage.name().toLowerCase(Locale.ROOT).replace('_', ' ');
        trial.load().stop();
        if (!ended) {
            ended = !isRight(trial, victim, where);
        }
        if (ended) {
            int exit = victim.awaitExit();
            String printed = cluster.log(victim).substring(before);
            boolean explained = (exit == EXIT_COULD_NOT_START && printed.contains(" cannot start: "))
                    || (exit == EXIT_HALTED && printed.contains(" halts, its disk failed"));
            trial.saw("damage (" + what + "): " + (explained ? "refused with a message" : "ENDED WITHOUT A MESSAGE"));
            Files.copy(copy, file, StandardCopyOption.REPLACE_EXISTING);
        } else {
            trial.saw("damage (" + what + "): in no use, the content is right");
        }
        trial.goOn();
        cluster.startAll();
        trial.load().awaitAcknowledged(50);
    }

    /** Until a key is in a checkpoint that is written no more: what replays the log shall not hide its damage. */
    private static void awaitCheckpoint(Trial trial, Path state) throws InterruptedException {
        String value = trial.written(trial.cluster().servers()).value(1);
        List<byte[]> metaBefore = new ArrayList<>();
        Cluster.await("a checkpoint with " + value, () -> {
            byte[] content = Files.readAllBytes(state);
            byte[] meta = Arrays.copyOf(content, 2 * PAGE_BYTES);
            if (places(content, value).isEmpty()) {
                metaBefore.clear();
                metaBefore.add(meta);
                return false;
            }
            // The value's page is written first; the transaction counts as soon as a meta page tells of it.
            return metaBefore.isEmpty() || !Arrays.equals(meta, metaBefore.get(0));
        });
    }

    /** True: it ended; false: it is ready to serve. */
    private static boolean endsOrServes(Cluster cluster, ServerProcess server) throws InterruptedException {
        if (!Cluster.comesTrue(
                START_NANOS_MAX, () -> !server.isAlive() || cluster.kv().isReady(server.http()))) {
            throw new AssertionError(server + " is neither ready nor ended");
        }
        return !server.isAlive();
    }

    /** Holds the whole content to the history; false when the server found the damage on the way, and ended. */
    private static boolean isRight(Trial trial, ServerProcess victim, String where)
            throws IOException, InterruptedException {
        int before = trial.history().violations().size();
        try {
            trial.cluster().verify(trial.cluster().servers());
        } catch (IOException | AssertionError noAnswer) {
            if (victim.isAlive() && !Cluster.comesTrue(5_000_000_000L, () -> !victim.isAlive())) {
                throw noAnswer;
            }
            return false;
        }
        if (trial.history().violations().size() > before) {
            trial.history().violation("wrong after damage: " + victim + ": " + where);
        }
        return true;
    }

    /** Returns what was done. */
    private String damage(Path file, Damage damage) throws IOException {
        byte[] content = Files.readAllBytes(file);
        List<Integer> places = new ArrayList<>();
        switch (damage) {
            case LOG_BITS, STATE_BITS -> {
                for (int i = 0; i < FLIPS; i++) {
                    int at = usedPage(content) * PAGE_BYTES + random.nextInt(PAGE_BYTES);
                    content[at] ^= (byte) (1 << random.nextInt(8));
                    places.add(at);
                }
            }
            case LOG_PAGE, STATE_PAGE -> {
                int at = usedPage(content) * PAGE_BYTES;
                Arrays.fill(content, at, at + PAGE_BYTES, (byte) 0);
                places.add(at);
            }
            case VALUES -> {
                // Of a value "faults/7#12#xx…" the x, of the key itself nothing.
                for (int at : places(content, "#x")) {
                    content[at + 1] ^= 1;
                    places.add(at + 1);
                }
            }
        }
        Files.write(file, content);
        return file + ": " + damage + " at " + places.subList(0, Math.min(5, places.size()));
    }

    /** One that is not all zeros. */
    private int usedPage(byte[] content) {
        while (true) {
            int page = random.nextInt(content.length / PAGE_BYTES);
            for (int at = page * PAGE_BYTES; at < (page + 1) * PAGE_BYTES; at++) {
                if (content[at] != 0) {
                    return page;
                }
            }
        }
    }

    private static List<Integer> places(byte[] content, String text) {
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        List<Integer> places = new ArrayList<>();
        for (int at = 0; at + wanted.length <= content.length; at++) {
            int matched = 0;
            while (matched < wanted.length && content[at + matched] == wanted[matched]) {
                matched++;
            }
            if (matched == wanted.length) {
                places.add(at);
            }
        }
        return places;
    }
}

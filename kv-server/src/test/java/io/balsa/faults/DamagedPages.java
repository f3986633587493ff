package io.balsa.faults;

import io.balsa.process.ServerProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;

/**
 * While a server is down, bits of its files flip or pages turn to zeros. It sets its store aside and is filled by its peers, by
 * itself, or what is damaged is in no use; it never serves anything wrong, and the others go on.
 */
final class DamagedPages implements Scenario {
    private static final int PAGE_BYTES = 4096;
    private static final int FLIPS = 3;

    private final Random random = new Random();

    /** The same in all rounds: it may be still without a vote when the next begins. */
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
        return "bits flip and pages turn to zeros in log/ and state/ of a server that is down: it heals, nothing wrong is served";
    }

    @Override
    public Plant control() {
        return Plant.NO_CHECKSUMS;
    }

    @Override
    public String controlSays() {
        return "another value";
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
        String where = damage(file, damage);
        trial.load().awaitAcknowledged(50);
        int before = cluster.log(victim).length();
        cluster.start(List.of(victim));
        trial.load().awaitAcknowledged(50);
        trial.load().stop();
        verify(trial, victim, where);
        boolean found = cluster.log(victim).substring(before).contains(" has set its store aside, ");
        String what = damage.name().toLowerCase(Locale.ROOT).replace('_', ' ');
        trial.saw("damage (" + what + "): "
                + (found ? "set aside, and filled by its peers" : "in no use, the content is right"));
        trial.goOn();
        Cluster.await(victim + " votes again", () -> votes(cluster.log(victim)));
        removeSetAsides(cluster.disk(victim).data());
        trial.load().awaitAcknowledged(50);
    }

    /** As of the last membership that it has told. */
    private static boolean votes(String log) {
        String[] told = log.split("goes by the membership of ", -1);
        return told.length > 1
                && !told[told.length - 1].lines().findFirst().orElse("").contains("(learner)");
    }

    /** As a person would who has looked at them: a server keeps but a few. */
    private static void removeSetAsides(Path data) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> stores = Files.newDirectoryStream(data, "set-aside-*")) {
            for (Path store : stores) {
                try (Stream<Path> walk = Files.walk(store)) {
                    walk.sorted(Comparator.reverseOrder()).forEach(files::add);
                }
            }
        }
        for (Path each : files) {
            Files.delete(each);
        }
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

    /** Holds the whole content to the history; a server that only now meets the damage heals on the way. */
    private static void verify(Trial trial, ServerProcess victim, String where) throws InterruptedException {
        int before = trial.history().violations().size();
        Cluster.await("the content of all servers, after damage: " + where, () -> {
            if (!victim.isAlive()) {
                throw new AssertionError(victim + " ended with exit code " + victim.awaitExit() + " after " + where);
            }
            try {
                trial.cluster().verify(trial.cluster().servers());
                return true;
            } catch (IOException noAnswer) {
                return false;
            }
        });
        if (trial.history().violations().size() > before) {
            trial.history().violation("wrong after damage: " + victim + ": " + where);
        }
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

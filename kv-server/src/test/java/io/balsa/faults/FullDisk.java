package io.balsa.faults;

import io.balsa.process.KvHttp.Outcome;
import io.balsa.process.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;

/** The leader's, or a follower's, disk is full: writes are refused, reads and deletes served, and it clears by itself. */
final class FullDisk implements Scenario {
    /** The log's file is 16 MiB ahead of its content, which must be used up first. */
    private static final int VALUE_BYTES = 32 << 10;

    private static final int ENTRIES_MAX = 3 * (16 << 20) / VALUE_BYTES;

    /** Longer than changes stay in memory. */
    private static final long CHECKPOINT_NANOS_MAX = 7_000_000_000L;

    private static final String WAITS_FOR_ROOM = "It is tried again until there is room";

    @Override
    public String name() {
        return "full-disk";
    }

    @Override
    public String story() {
        return "the leader's disk, or a follower's, is full: writes are refused with space_quota, reads and deletes served; it clears by itself";
    }

    @Override
    public Plant control() {
        return Plant.SEES_NO_END;
    }

    @Override
    public String controlSays() {
        return "goes on: ";
    }

    @Override
    public void round(Trial trial, int number) throws IOException, InterruptedException {
        Cluster cluster = trial.cluster();
        trial.load().awaitAcknowledged(50);
        ServerProcess leader = cluster.awaitLeader();
        ServerProcess victim =
                number % 2 == 0 ? leader : cluster.othersThan(leader).get(0);
        String deleted = "deleted/" + number;
        Cluster.await("a key to delete", () -> cluster.kv().put(leader.http(), deleted, "x") == Outcome.APPLIED);
        trial.load(VALUE_BYTES);
        SickServer sick = new SickServer(trial, victim);
        int refusedBefore = cluster.kv().refusals("space_quota");
        cluster.disk(victim).fill();
        boolean nothingLeft = number % 2 == 1 && !trial.isControl();
        if (nothingLeft) {
            takeTheReserve(cluster.disk(victim));
        }
        sick.awaitReaction(true, ENTRIES_MAX);
        if (nothingLeft) {
            boolean waited =
                    Cluster.comesTrue(CHECKPOINT_NANOS_MAX, () -> sick.printed().contains(WAITS_FOR_ROOM));
            trial.saw("disk faults: a checkpoint " + (waited ? "waited for room" : "found room among freed pages"));
        }
        if (!trial.isControl()) {
            Cluster.await(
                    victim + " is full, and writes are refused",
                    () -> !victim.isAlive() || cluster.kv().refusals("space_quota") > refusedBefore);
            Cluster.await(
                    "a delete on a full disk",
                    () -> !victim.isAlive() || cluster.kv().delete(leader.http(), deleted) == Outcome.APPLIED);
            Cluster.await(
                    "a read from the full server",
                    () -> !victim.isAlive()
                            || cluster.kv()
                                            .get(victim.http(), deleted, "linearizable")
                                            .get()
                                            .status()
                                    == 404);
            if (!victim.isAlive()) {
                trial.history().violation("a full disk ended " + victim + " with exit code " + victim.awaitExit());
            }
        }
        trial.load(Trial.SMALL_VALUE_BYTES);
        cluster.disk(victim).drain();
        if (trial.isControl()) {
            cluster.startAll();
        }
        trial.load().awaitAcknowledged(50);
    }

    /** What the server gives up for its deletes, somebody else takes; and what the file system frees only now. */
    private static void takeTheReserve(LoopDisk disk) throws InterruptedException, IOException {
        Cluster.await("the reserve is given up", () -> {
            disk.fill();
            return Files.notExists(disk.data().resolve("reserve"));
        });
        disk.fill();
    }
}

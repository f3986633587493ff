package io.balsa.faults;

import io.balsa.process.ServerProcess;
import java.io.IOException;

/** The leader's, or a follower's, disk is full: the server refuses or halts, and goes on when there is room again. */
final class FullDisk implements Scenario {
    /** The log's file is 16 MiB ahead of its content, which must be used up first. */
    private static final int VALUE_BYTES = 32 << 10;

    private static final int ENTRIES_MAX = 3 * (16 << 20) / VALUE_BYTES;

    @Override
    public String name() {
        return "full-disk";
    }

    @Override
    public String story() {
        return "the leader's disk, or a follower's, is full: it refuses writes or halts with a message";
    }

    @Override
    public Plant control() {
        return Plant.GOES_ON;
    }

    @Override
    public String controlSays() {
        return "goes on: ";
    }

    @Override
    public void round(Trial trial, int number) throws IOException, InterruptedException {
        Cluster cluster = trial.cluster();
        trial.load().awaitAcknowledged(50);
        trial.load(VALUE_BYTES);
        ServerProcess leader = cluster.awaitLeader();
        ServerProcess victim =
                number % 2 == 0 ? leader : cluster.othersThan(leader).get(0);
        SickServer sick = new SickServer(trial, victim);
        cluster.disk(victim).fill();
        sick.awaitReaction(true, ENTRIES_MAX);
        trial.load(Trial.SMALL_VALUE_BYTES);
        cluster.disk(victim).drain();
        // One that refused by itself takes writes by itself; one that halted is started by whoever made room.
        cluster.startAll();
        trial.load().awaitAcknowledged(50);
    }
}

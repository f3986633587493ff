package io.balsa.faults;

import io.balsa.process.ServerProcess;
import java.io.IOException;
import java.util.List;

/** The power of one server fails: of the leader, and of one of the two that alone have the last writes. */
final class PowerCutOfOne implements Scenario {
    @Override
    public String name() {
        return "power-cut-one";
    }

    @Override
    public String story() {
        return "the power of one server fails: of the leader; of one of a bare majority, whose other one dies with it";
    }

    @Override
    public Plant control() {
        return Plant.NO_FLUSH;
    }

    @Override
    public String controlSays() {
        return "lost: ";
    }

    @Override
    public void round(Trial trial, int number) throws IOException, InterruptedException {
        trial.load().awaitAcknowledged(50);
        if (trial.isControl() || number % 2 == 1) {
            cutOneOfABareMajority(trial, number % 4 == 3);
        } else {
            cutTheLeader(trial);
        }
        trial.load().awaitAcknowledged(50);
    }

    private static void cutTheLeader(Trial trial) throws IOException, InterruptedException {
        Cluster cluster = trial.cluster();
        ServerProcess leader = cluster.awaitLeader();
        trial.strikeAndMeasure(cluster.othersThan(leader), () -> {
            LoopDisk.cutPower(List.of(cluster.disk(leader)));
            leader.killSoon();
        });
        leader.awaitExit();
        cluster.disk(leader).restorePower();
        cluster.startAll();
        trial.saw("power cuts of one survived");
    }

    /** What it acknowledged is then nowhere but on its disk: the third was down all the time, the second stays away. */
    private static void cutOneOfABareMajority(Trial trial, boolean cutLeader) throws IOException, InterruptedException {
        Cluster cluster = trial.cluster();
        ServerProcess leader = cluster.awaitLeader();
        List<ServerProcess> followers = cluster.othersThan(leader);
        ServerProcess late = followers.get(0);
        late.kill();
        trial.load().awaitAcknowledged(50);
        ServerProcess victim = cutLeader ? leader : followers.get(1);
        ServerProcess away = cutLeader ? followers.get(1) : leader;
        LoopDisk.cutPower(List.of(cluster.disk(victim)));
        victim.killSoon();
        away.killSoon();
        victim.awaitExit();
        away.awaitExit();
        cluster.disk(victim).restorePower();
        cluster.start(List.of(victim, late));
        trial.load().awaitAcknowledged(20);
        cluster.startAll();
        trial.saw("power cuts of one survived");
    }
}

package io.balsa.faults;

import io.balsa.process.ServerProcess;
import java.io.IOException;

/** The power of all servers fails at once. */
final class PowerCutOfAll implements Scenario {
    @Override
    public String name() {
        return "power-cut-all";
    }

    @Override
    public String story() {
        return "the power of all servers fails at once";
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
        Cluster cluster = trial.cluster();
        trial.load().awaitAcknowledged(100);
        LoopDisk.cutPower(cluster.disks());
        cluster.servers().forEach(ServerProcess::killSoon);
        cluster.servers().forEach(ServerProcess::awaitExit);
        for (LoopDisk disk : cluster.disks()) {
            disk.restorePower();
        }
        cluster.startAll();
        trial.load().awaitAcknowledged(50);
        trial.saw("power cuts of all survived");
    }
}

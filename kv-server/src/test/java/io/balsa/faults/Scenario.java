package io.balsa.faults;

import java.io.IOException;
import java.util.List;

/** One kind of fault. */
interface Scenario {
    /** For {@code --only}. */
    String name();

    /** What is broken, in one line. */
    String story();

    /** The system's tools that it needs besides those of every scenario. */
    default List<String> tools() {
        return List.of();
    }

    /** The planted bug under which the scenario must fail. */
    Plant control();

    /** What the failure under that bug must say. */
    String controlSays();

    /**
     * Breaks something under the trial's load, repairs it, and leaves all servers ready. Reports what must not be to the
     * trial's history, or throws an AssertionError.
     *
     * @param number from 0
     */
    void round(Trial trial, int number) throws IOException, InterruptedException;

    /** All of them, in the order in which they run on one cluster. */
    static List<Scenario> all() {
        return List.of(
                new PowerCutOfOne(),
                new PowerCutOfAll(),
                new SilentLeader(SilentLeader.Cause.PAUSED),
                new SilentLeader(SilentLeader.Cause.FROZEN),
                new FailingDisk(FailingDisk.Cause.IO_ERROR),
                new FailingDisk(FailingDisk.Cause.READ_ONLY),
                new DamagedPages(),
                new FullDisk());
    }
}

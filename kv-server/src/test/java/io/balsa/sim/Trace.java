package io.balsa.sim;

import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Supplier;

/** The last events of a run, for the person who has to understand it. Costs nothing unless wanted. */
final class Trace {
    private static final int LINES_MAX = 400;

    private final Scheduler scheduler;
    private final boolean wanted;
    private final ArrayDeque<String> lines = new ArrayDeque<>();

    Trace(Scheduler scheduler, boolean wanted) {
        this.scheduler = scheduler;
        this.wanted = wanted;
    }

    void add(Supplier<String> line) {
        if (!wanted) {
            return;
        }
        if (lines.size() == LINES_MAX) {
            lines.remove();
        }
        long micros = scheduler.nowMicros();
        lines.add(String.format("%4d.%06d  %s", micros / 1_000_000, micros % 1_000_000, line.get()));
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}

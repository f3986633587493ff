package io.balsa.benchmarks.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** All that one comparison has measured so far, in the order in which it was. Of one thread. */
public final class Results {
    private final List<Run> runs = new ArrayList<>();
    private final List<Outage> outages = new ArrayList<>();
    private final List<ColdStart> coldStarts = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    public void add(Run run) {
        runs.add(run);
    }

    public void add(Outage outage) {
        outages.add(outage);
    }

    public void add(ColdStart coldStart) {
        coldStarts.add(coldStart);
    }

    /** Something a reader must know: a system that was skipped, a run that failed. */
    public void note(String note) {
        if (!notes.contains(note)) {
            notes.add(note);
        }
    }

    public List<Run> runs() {
        return List.copyOf(runs);
    }

    public List<Outage> outages() {
        return List.copyOf(outages);
    }

    public List<ColdStart> coldStarts() {
        return List.copyOf(coldStarts);
    }

    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** The rounds of each case, in the order of first appearance. */
    public Map<Run.Case, List<Run>> cases() {
        Map<Run.Case, List<Run>> cases = new LinkedHashMap<>();
        for (Run run : runs) {
            cases.computeIfAbsent(run.of(), key -> new ArrayList<>()).add(run);
        }
        return cases;
    }

    public static Spread spread(List<Run> rounds, ToDoubleFunction<Run> number) {
        return Spread.of(rounds.stream().map(number::applyAsDouble).toList());
    }
}

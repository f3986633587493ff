package io.balsa.benchmarks.report;

import java.util.List;
import java.util.Locale;

/** Every single measurement as comma-separated lines, one file for each kind. */
final class Csv {
    private static final String RUNS_HEADER = "system,round,workload,clients,nodes,keys,valueBytes,offeredPerSecond,"
            + "seconds,done,conflicts,failed,donePerSecond,p50Millis,p99Millis,p999Millis,maxMillis,"
            + "rawP50Millis,rawP99Millis,rawP999Millis,serverCpuSecondsPer10k,generatorCpuSecondsPer10k,"
            + "residentBytes,writtenBytesPerOperation";

    private Csv() {}

    static String runs(List<Run> runs) {
        StringBuilder csv = new StringBuilder(RUNS_HEADER).append('\n');
        for (Run run : runs) {
            var result = run.result();
            var latencies = result.latencies();
            line(
                    csv,
                    run.system(),
                    run.round(),
                    run.workload(),
                    run.clients(),
                    run.nodes(),
                    run.keys(),
                    run.valueBytes(),
                    run.offeredPerSecond(),
                    result.seconds(),
                    result.done(),
                    result.conflicts(),
                    result.failed(),
                    result.donePerSecond(),
                    latencies.p50(),
                    latencies.p99(),
                    latencies.p999(),
                    latencies.max(),
                    latencies.rawP50(),
                    latencies.rawP99(),
                    latencies.rawP999(),
                    run.serverCpuPer10k(),
                    run.generatorCpuPer10k(),
                    run.servers().residentBytes(),
                    run.writtenBytesPerOperation());
        }
        return csv.toString();
    }

    static String outages(List<Outage> outages) {
        StringBuilder csv = new StringBuilder("system,setting,fault,attempt,gapMillis,slowestClientMillis\n");
        for (Outage outage : outages) {
            line(
                    csv,
                    outage.system(),
                    outage.setting(),
                    outage.fault(),
                    outage.attempt(),
                    outage.gapMillis(),
                    outage.slowestClientMillis());
        }
        return csv.toString();
    }

    static String coldStarts(List<ColdStart> starts) {
        StringBuilder csv = new StringBuilder("servers,nodes,seconds\n");
        starts.forEach(start -> line(csv, start.servers(), start.nodes(), start.seconds()));
        return csv.toString();
    }

    /** No field holds a comma or a quote: names are single words. An unknown number is an empty field. */
    private static void line(StringBuilder csv, Object... fields) {
        for (int i = 0; i < fields.length; i++) {
            csv.append(i == 0 ? "" : ",").append(field(fields[i]));
        }
        csv.append('\n');
    }

    private static String field(Object value) {
        if (value instanceof Double number) {
            return number.isNaN() ? "" : String.format(Locale.ROOT, "%.3f", number);
        }
        return value.toString();
    }
}

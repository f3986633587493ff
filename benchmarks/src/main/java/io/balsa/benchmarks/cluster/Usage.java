package io.balsa.benchmarks.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What processes have used, from {@code /proc}.
 *
 * @param cpuSeconds in user and kernel mode, since the start
 * @param residentBytes now
 * @param writtenBytes caused to be sent to storage, since the start
 */
public record Usage(double cpuSeconds, long residentBytes, long writtenBytes) {
    /** The kernel counts in hundredths of a second on every Linux that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private static final int UTIME_BEHIND_NAME = 11;
    private static final long KIB = 1024;

    static final Usage NONE = new Usage(0, 0, 0);

    static Usage of(long pid) throws IOException {
        Path proc = Path.of("/proc", Long.toString(pid));
        return new Usage(
                cpuSeconds(Files.readString(proc.resolve("stat"))),
                field(Files.readString(proc.resolve("status")), "VmRSS:") * KIB,
                field(Files.readString(proc.resolve("io")), "write_bytes:"));
    }

    /** Of this JVM: the load generator's own share. */
    public static Usage ofThisProcess() throws IOException {
        return of(ProcessHandle.current().pid());
    }

    /** The name of the process may hold blanks and brackets, so fields are counted from behind its last bracket. */
    static double cpuSeconds(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[UTIME_BEHIND_NAME]) + Long.parseLong(fields[UTIME_BEHIND_NAME + 1]))
                / TICKS_PER_SECOND;
    }

    static long field(String lines, String name) {
        return lines.lines()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()).trim().split(" ", -1)[0])
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(0);
    }

    Usage plus(Usage other) {
        return new Usage(
                cpuSeconds + other.cpuSeconds, residentBytes + other.residentBytes, writtenBytes + other.writtenBytes);
    }

    /** What was used between an earlier look and this one; memory as it is now. */
    public Usage since(Usage earlier) {
        return new Usage(cpuSeconds - earlier.cpuSeconds, residentBytes, writtenBytes - earlier.writtenBytes);
    }
}

package io.balsa.benchmarks.report;

/**
 * One failure of a leader as clients saw it.
 *
 * @param setting of the servers' timeouts: {@code default} or {@code tight}
 * @param fault {@code kill}, {@code stop} or {@code transfer}
 * @param gapMillis the longest time in which no client had a write acknowledged
 * @param slowestClientMillis the longest time in which one particular client had none
 */
public record Outage(
        String system, String setting, String fault, int attempt, double gapMillis, double slowestClientMillis) {}

package io.balsa.benchmarks.report;

/** One start of a new cluster: from the first process to the first acknowledged write. */
public record ColdStart(String servers, int nodes, double seconds) {}

package io.balsa.metrics;

/** What the data directory takes on disk, in bytes. */
public record StoreSizes(long logBytes, long stateBytes) {}

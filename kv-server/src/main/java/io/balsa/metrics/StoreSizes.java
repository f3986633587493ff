package io.balsa.metrics;

/**
 * What the data directory takes on disk, in bytes.
 *
 * @param setAsideStores how many damaged stores lie in it
 * @param setAsideBytes what they take
 */
public record StoreSizes(long logBytes, long stateBytes, int setAsideStores, long setAsideBytes) {}

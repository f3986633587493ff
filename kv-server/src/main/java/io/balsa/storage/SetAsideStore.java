package io.balsa.storage;

/**
 * A damaged store that was moved out of the way, within the data directory.
 *
 * @param name of its directory, like {@code set-aside-20261129T150107Z}
 * @param bytes that its files take
 */
public record SetAsideStore(String name, long bytes) {}

package io.balsa.client;

/**
 * How many keys there are.
 *
 * @param capped the servers stopped counting: there are more than {@code keys}
 */
public record KeyCount(long keys, boolean capped) {}

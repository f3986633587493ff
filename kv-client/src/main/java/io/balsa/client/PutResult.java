package io.balsa.client;

/**
 * What a put left behind.
 *
 * @param created whether the key did not exist before
 * @param version 1 when created, one more at each put
 * @param createRevision the revision that created the key
 * @param modRevision the revision of this put
 */
public record PutResult(boolean created, long version, long createRevision, long modRevision) {}

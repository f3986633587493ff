package io.balsa.kv;

import java.nio.ByteBuffer;

/**
 * A key with its value and history.
 *
 * @param value read-only, position 0 to limit; empty when only keys were asked for
 * @param version 1 when created, one more at each put; a delete ends it
 * @param createRevision the revision that created it
 * @param modRevision the revision that last changed it
 */
public record KeyValue(Key key, ByteBuffer value, long version, long createRevision, long modRevision) {}

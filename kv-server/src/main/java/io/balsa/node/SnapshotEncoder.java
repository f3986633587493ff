package io.balsa.node;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Turns a state into the chunks of a snapshot. Numbers are big-endian. Chunks cut a stream where they are full, be it amid
 * a record:
 *
 * <pre>
 * chunk
 *   0             4             12
 *   +-------------+-------------+--------------------+
 *   | CRC32C      | offset      | part of the stream |
 *   +-------------+-------------+--------------------+
 *   CRC32C: over the checksum of the chunk before it (0 before the first), the offset and the part.
 *   offset: bytes of the stream before this part.
 *
 * stream
 *   +---------+-------+--------+--------+ … +--------+-----------+
 *   | version | index | record | record |   | 0  (2) | records   |
 *   +---------+-------+--------+--------+ … +--------+-----------+
 *     1         8                             end       8
 *
 * record, in the order of the keys
 *   +------------+--------------+-----+-------+
 *   | key's size | value's size | key | value |
 *   +------------+--------------+-----+-------+
 *     2            4
 * </pre>
 *
 * Each checksum covers all those before it, so a chunk that is missing, doubled or of another snapshot is refused; and
 * without the end a snapshot is not whole. Owned by one thread.
 */
public final class SnapshotEncoder {
    static final byte VERSION = 1;
    static final int CHUNK_HEADER_BYTES = 12;
    static final int STREAM_HEADER_BYTES = 9;
    static final int RECORD_HEADER_BYTES = 6;

    /** Steps over the records of a state that does not change meanwhile. */
    public interface Source {
        /** The next record's key, not empty; null after the last. */
        byte @Nullable [] nextKey();

        /** The value of the key that {@link #nextKey} returned last. */
        byte[] value();
    }

    private final Source source;
    private final int partBytesMax;
    private byte[] unsent;
    private int unsentFrom;
    private int previousChecksum;
    private long offset;
    private long records;
    private boolean ended;

    /**
     * Begins with the first chunk.
     *
     * @param index the last entry that the state has applied
     * @param chunkBytesMax of a chunk, headers included
     */
    public SnapshotEncoder(Source source, long index, int chunkBytesMax) {
        this.source = source;
        this.partBytesMax = chunkBytesMax - CHUNK_HEADER_BYTES;
        this.unsent = ByteBuffer.allocate(STREAM_HEADER_BYTES)
                .put(VERSION)
                .putLong(index)
                .array();
    }

    /** Whether the last chunk has been returned. */
    public boolean done() {
        return ended && unsentFrom == unsent.length;
    }

    /** The next chunk; not after the last. */
    public ByteBuffer next() {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_HEADER_BYTES + partBytesMax);
        chunk.putInt(0).putLong(offset);
        while (chunk.hasRemaining() && !done()) {
            if (unsentFrom == unsent.length) {
                readRecord();
            }
            int count = Math.min(chunk.remaining(), unsent.length - unsentFrom);
            chunk.put(unsent, unsentFrom, count);
            unsentFrom += count;
            offset += count;
        }
        chunk.flip();
        previousChecksum = checksum(previousChecksum, chunk);
        return chunk.putInt(0, previousChecksum).asReadOnlyBuffer();
    }

    private void readRecord() {
        byte[] key = source.nextKey();
        unsentFrom = 0;
        if (key == null) {
            unsent =
                    ByteBuffer.allocate(10).putShort((short) 0).putLong(records).array();
            ended = true;
            return;
        }
        byte[] value = source.value();
        unsent = ByteBuffer.allocate(RECORD_HEADER_BYTES + key.length + value.length)
                .putShort((short) key.length)
                .putInt(value.length)
                .put(key)
                .put(value)
                .array();
        records++;
    }

    /** Of a chunk from position 0 to its limit, without its first four bytes. */
    static int checksum(int previous, ByteBuffer chunk) {
        CRC32C crc = new CRC32C();
        for (int shift = 24; shift >= 0; shift -= 8) {
            crc.update(previous >>> shift);
        }
        crc.update(chunk.duplicate().position(Integer.BYTES));
        return (int) crc.getValue();
    }
}

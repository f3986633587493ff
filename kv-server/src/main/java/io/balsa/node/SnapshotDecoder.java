package io.balsa.node;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Reads what {@link SnapshotEncoder} wrote, chunk by chunk, and refuses what is damaged or does not follow. Owned by one thread. */
public final class SnapshotDecoder {
    private static final int VALUE_BYTES_MAX = 64 << 20;

    /** The chunk is damaged, or is not the one that follows. Nothing of this snapshot may be used. */
    public static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1;

        public RefusedException(String message) {
            super(message);
        }
    }

    /** Takes the records in order. */
    public interface Sink {
        void record(byte[] key, byte[] value);
    }

    private final long index;
    private final Sink sink;
    private byte[] unread = new byte[0];
    private int previousChecksum;
    private long offset;
    private long records;
    private boolean begun;
    private boolean whole;

    /** @param index what the snapshot must say of itself */
    public SnapshotDecoder(long index, Sink sink) {
        this.index = index;
        this.sink = sink;
    }

    /** All of the snapshot has come, and nothing else. */
    public boolean whole() {
        return whole;
    }

    public long records() {
        return records;
    }

    /** Takes in the next chunk and gives on the records that are complete. */
    public void add(ByteBuffer data) throws RefusedException {
        ByteBuffer chunk = data.duplicate();
        if (chunk.remaining() <= SnapshotEncoder.CHUNK_HEADER_BYTES || whole) {
            throw new RefusedException("a chunk of " + chunk.remaining() + " bytes behind " + this);
        }
        int checksum = chunk.getInt();
        if (checksum != SnapshotEncoder.checksum(previousChecksum, data.duplicate())) {
            throw new RefusedException("a chunk does not match its checksum, or does not follow " + this);
        }
        if (chunk.getLong() != offset) {
            throw new RefusedException("a chunk of another place behind " + this);
        }
        previousChecksum = checksum;
        offset += chunk.remaining();
        int kept = unread.length;
        unread = Arrays.copyOf(unread, kept + chunk.remaining());
        chunk.get(unread, kept, chunk.remaining());
        parse();
    }

    private void parse() throws RefusedException {
        ByteBuffer in = ByteBuffer.wrap(unread);
        boolean more = begun || header(in);
        while (more && !whole) {
            more = recordOrEnd(in);
        }
        if (whole && in.hasRemaining()) {
            throw new RefusedException(in.remaining() + " bytes behind the end, " + this);
        }
        unread = Arrays.copyOfRange(unread, in.position(), unread.length);
    }

    private boolean header(ByteBuffer in) throws RefusedException {
        if (in.remaining() < SnapshotEncoder.STREAM_HEADER_BYTES) {
            return false;
        }
        byte version = in.get();
        long said = in.getLong();
        if (version != SnapshotEncoder.VERSION) {
            throw new RefusedException("a snapshot of format " + version + "; this server reads "
                    + SnapshotEncoder.VERSION + ". Run the same version of Balsa everywhere.");
        }
        if (said != index) {
            throw new RefusedException("a snapshot of index " + said + " where " + index + " was announced");
        }
        begun = true;
        return true;
    }

    /** False: more bytes are needed. */
    private boolean recordOrEnd(ByteBuffer in) throws RefusedException {
        int start = in.position();
        if (in.remaining() < 10) { // The end has that many, and every record but the smallest more.
            return false;
        }
        int keyBytes = in.getShort() & 0xffff;
        if (keyBytes == 0) {
            long said = in.getLong();
            if (said != records) {
                throw new RefusedException("a snapshot of " + said + " records, but " + records + " came");
            }
            whole = true;
            return true;
        }
        int valueBytes = in.getInt();
        if (valueBytes < 0 || valueBytes > VALUE_BYTES_MAX) {
            throw new RefusedException("a value claims " + Integer.toUnsignedString(valueBytes) + " bytes, " + this);
        }
        if (in.remaining() < keyBytes + valueBytes) {
            in.position(start);
            return false;
        }
        byte[] key = new byte[keyBytes];
        byte[] value = new byte[valueBytes];
        in.get(key).get(value);
        sink.record(key, value);
        records++;
        return true;
    }

    @Override
    public String toString() {
        return records + " records and " + offset + " bytes";
    }
}

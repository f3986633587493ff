package io.balsa.storage;

import io.balsa.raft.EntryId;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of the log. What one turn appends is one block (several when it is large), so that a commit changes as
 * few pages as it can. All numbers are little-endian.
 *
 * <pre>
 * block, in the tree stored under the index of its first entry
 *   0         1          4         8               16          20          24       40          44
 *   +---------+----------+---------+---------------+-----------+-----------+--------+-----------+---------+---------+----
 *   | version | 0  0  0  | entries | first index   | bytes     | content   | seal   | CRC32C    | entry   | entry   | …
 *   +---------+----------+---------+---------------+-----------+-----------+--------+-----------+---------+---------+----
 *   bytes: of the whole block.  content: CRC32C over the checksums of its entries.  CRC32C: over the 40 bytes before it.
 *
 * seal, of a block in the {@link Tail}; in the tree zeros
 *   0         8         16
 *   +---------+---------+
 *   | opening | commit  |
 *   +---------+---------+
 *   opening: the head's.  commit: LMDB's number of the last transaction before it.
 *
 * entry
 *   0          4          8            16     17
 *   +----------+----------+------------+------+------------------+
 *   | CRC32C   | length   | term       | kind | command (length) |
 *   +----------+----------+------------+------+------------------+
 *   CRC32C: over the entry's index (8 bytes, not stored: the place says it) and all that follows the checksum.
 *   kind: 0 a command of a client or, when empty, a leader's no-op; 1 a membership. Others are refused.
 *
 * head, stored under 0
 *   0         1       4        8            16                20                28                36        44
 *   +---------+-------+--------+------------+-----------------+-----------------+-----------------+---------+--------+
 *   | version | 0 0 0 | vote   | term       | 0 (4)           | anchor's index  | anchor's term   | opening | CRC32C |
 *   +---------+-------+--------+------------+-----------------+-----------------+-----------------+---------+--------+
 *   vote: the node's number, 0 for none.  anchor: the last entry that was cut off the log's front, zeros at first.
 *   opening: drawn each time the log is opened, never 0.
 * </pre>
 *
 * <p>Owned by one thread: it holds the running checksum.
 */
final class EntryCodec {
    static final int BLOCK_HEADER_BYTES = 44;
    static final int BLOCK_CHECKSUM_AT = 40;
    static final int CONTENT_AT = 20;
    static final int ENTRY_HEADER_BYTES = 17;
    static final int HEAD_BYTES = 48;
    static final byte VERSION = 4;

    private static final int SEAL_AT = 24;
    private static final int HEAD_CHECKSUM_AT = 44;
    private static final int FORMAT_1_HEAD_BYTES = 40;

    private final Path file;
    private final CRC32C crc = new CRC32C();
    private final Content content = new Content();
    private final ByteBuffer indexBytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /**
     * A codec.
     *
     * @param file named in the messages about damage
     */
    EntryCodec(Path file) {
        this.file = file;
    }

    Path file() {
        return file;
    }

    /** What the entry takes in a block. */
    static int sizeOf(LogEntry entry) {
        return ENTRY_HEADER_BYTES + entry.command().remaining();
    }

    /** Writes entries {@code from} to {@code to} (exclusive) as a block that fills {@code target} exactly. */
    void writeBlock(ByteBuffer target, List<LogEntry> entries, int from, int to, Seal seal) {
        target.order(ByteOrder.LITTLE_ENDIAN);
        int bytes = target.remaining();
        target.put(0, VERSION).put(1, (byte) 0).putShort(2, (short) 0);
        target.putInt(4, to - from);
        target.putLong(8, entries.get(from).index());
        target.putInt(16, bytes);
        target.putLong(SEAL_AT, seal.opening()).putLong(SEAL_AT + 8, seal.commit());
        content.reset();
        int at = BLOCK_HEADER_BYTES;
        for (int i = from; i < to; i++) {
            LogEntry entry = entries.get(i);
            ByteBuffer command = entry.command();
            int length = command.remaining();
            target.putInt(at + 4, length);
            target.putLong(at + 8, entry.term());
            target.put(at + 16, entry.kind().number);
            target.put(at + ENTRY_HEADER_BYTES, command, command.position(), length);
            target.putInt(at, entryChecksum(target, at, entry.index(), length));
            content.add(target, at);
            at += ENTRY_HEADER_BYTES + length;
        }
        target.putInt(CONTENT_AT, content.checksum());
        target.putInt(BLOCK_CHECKSUM_AT, checksum(target, 0, BLOCK_CHECKSUM_AT));
    }

    /** The running checksum over the checksums of a block's entries. */
    static final class Content {
        private final CRC32C crc = new CRC32C();
        private final byte[] bytes = new byte[Integer.BYTES];

        void reset() {
            crc.reset();
        }

        /** Adds the entry whose header starts at {@code at}. */
        void add(ByteBuffer block, int at) {
            block.get(at, bytes);
            crc.update(bytes);
        }

        int checksum() {
            return (int) crc.getValue();
        }
    }

    /** What a block of these takes. */
    static long sizeOf(List<LogEntry> entries) {
        long bytes = BLOCK_HEADER_BYTES;
        for (LogEntry entry : entries) {
            bytes += sizeOf(entry);
        }
        return bytes;
    }

    /** The seal in the header of a block. */
    static Seal seal(ByteBuffer block) {
        return new Seal(block.getLong(SEAL_AT), block.getLong(SEAL_AT + 8));
    }

    static long firstIndex(ByteBuffer block) {
        return block.getLong(8);
    }

    /** What the header of a block says that it takes. */
    static int blockBytes(ByteBuffer block) {
        return block.getInt(16);
    }

    /** Whether the header of a block is as it was written. */
    boolean isWholeHeader(ByteBuffer block) {
        return block.getInt(BLOCK_CHECKSUM_AT) == checksum(block, 0, BLOCK_CHECKSUM_AT);
    }

    /** The checksum of the entry whose header starts at {@code at}. */
    int entryChecksum(ByteBuffer block, int at, long index, int length) {
        crc.reset();
        indexBytes.putLong(0, index);
        crc.update(indexBytes.array(), 0, Long.BYTES);
        return finish(block, at + 4, at + ENTRY_HEADER_BYTES + length);
    }

    /** The checksum over the bytes {@code from} to {@code to} (exclusive). */
    int checksum(ByteBuffer bytes, int from, int to) {
        crc.reset();
        return finish(bytes, from, to);
    }

    private int finish(ByteBuffer bytes, int from, int to) {
        int limit = bytes.limit();
        bytes.limit(to).position(from);
        crc.update(bytes);
        bytes.limit(limit).position(0);
        return (int) crc.getValue();
    }

    /** Writes the head into the first {@value #HEAD_BYTES} bytes of {@code target}. */
    void writeHead(ByteBuffer target, Head head) {
        target.order(ByteOrder.LITTLE_ENDIAN);
        NodeId vote = head.hardState().votedFor();
        target.put(0, VERSION).put(1, (byte) 0).putShort(2, (short) 0);
        target.putInt(4, vote == null ? 0 : vote.value());
        target.putLong(8, head.hardState().currentTerm());
        target.putInt(16, 0);
        target.putLong(20, head.anchor().index());
        target.putLong(28, head.anchor().term());
        target.putLong(36, head.opening());
        target.putInt(HEAD_CHECKSUM_AT, checksum(target, 0, HEAD_CHECKSUM_AT));
    }

    /** Reads what {@link #writeHead} wrote; refuses anything else. */
    Head readHead(ByteBuffer source) {
        source.order(ByteOrder.LITTLE_ENDIAN);
        if (source.remaining() == FORMAT_1_HEAD_BYTES && source.get(0) == 1) {
            throw Damage.version(file, 1, VERSION);
        }
        if (source.remaining() != HEAD_BYTES) {
            throw Damage.found(file, "the record of term and vote", "it has " + source.remaining() + " bytes");
        }
        int expected = source.getInt(HEAD_CHECKSUM_AT);
        int actual = checksum(source, 0, HEAD_CHECKSUM_AT);
        if (expected != actual) {
            throw Damage.found(file, "the record of term and vote", Damage.checksums(expected, actual));
        }
        if (source.get(0) != VERSION) {
            throw Damage.version(file, source.get(0), VERSION);
        }
        int vote = source.getInt(4);
        HardState hardState = new HardState(source.getLong(8), vote == 0 ? null : new NodeId(vote));
        return new Head(hardState, new EntryId(source.getLong(20), source.getLong(28)), source.getLong(36));
    }

    /** The record under 0: what is not an entry. */
    record Head(HardState hardState, EntryId anchor, long opening) {
        static final Head INITIAL = new Head(HardState.INITIAL, EntryId.NONE, 0);

        Head with(HardState newHardState) {
            return new Head(newHardState, anchor, opening);
        }

        Head with(EntryId newAnchor) {
            return new Head(hardState, newAnchor, opening);
        }

        /** With an opening that was never drawn before, and that no client can know and write into a command. */
        Head reopened() {
            SecureRandom random = new SecureRandom();
            long drawn = 0;
            while (drawn == 0) {
                drawn = random.nextLong();
            }
            return new Head(hardState, anchor, drawn);
        }

        Seal seal(long commit) {
            return new Seal(opening, commit);
        }

        /** As the record's own says; that one makes classes when it first runs, while a cluster waits for its start. */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Head that
                    && opening == that.opening
                    && hardState.equals(that.hardState)
                    && anchor.equals(that.anchor);
        }

        @Override
        public int hashCode() {
            return 31 * (31 * hardState.hashCode() + anchor.hashCode()) + Long.hashCode(opening);
        }
    }

    /**
     * Which opening and which commit of the tree a block of the tail follows.
     *
     * @param opening the head's; 0: no seal
     * @param commit LMDB's number of the transaction
     */
    record Seal(long opening, long commit) {
        static final Seal NONE = new Seal(0, 0);
    }
}

package io.balsa.storage;

import io.balsa.raft.EntryId;
import java.nio.ByteBuffer;
import org.lmdbjava.Cursor;

/**
 * Verifies a log when it is opened, from its end to its front: that no block is missing, damaged in its header or out
 * of place, and that every entry of the last part is whole. The older entries are checked when they are read; reading
 * all of a large log would delay every start.
 */
final class LogScan {
    private final EntryCodec codec;
    private final BlockReader reader;
    private final Cursor<ByteBuffer> cursor;
    private final long verifiedBytes;
    private EntryCodec.Head head = EntryCodec.Head.INITIAL;
    private EntryId last = EntryId.NONE;
    private long blocks;
    private long bytes;

    LogScan(EntryCodec codec, BlockReader reader, Cursor<ByteBuffer> cursor, long verifiedBytes) {
        this.codec = codec;
        this.reader = reader;
        this.cursor = cursor;
        this.verifiedBytes = verifiedBytes;
    }

    EntryCodec.Head head() {
        return head;
    }

    EntryId last() {
        return last;
    }

    /** Of all blocks. */
    long bytes() {
        return bytes;
    }

    /**
     * Does it.
     *
     * @param records how many LMDB counts: a root that points to an older tree has another number
     */
    void run(long records) {
        long heads = 0;
        long nextIndex = -1;
        long nextTerm = Long.MAX_VALUE;
        for (boolean found = cursor.last(); found; found = cursor.prev()) {
            if (cursor.key().remaining() != Long.BYTES) {
                throw Damage.found(
                        codec.file(), "a key", "it has " + cursor.key().remaining() + " bytes, not 8");
            }
            long key = LogTree.keyOf(cursor);
            if (key == 0) {
                head = codec.readHead(cursor.val());
                heads = 1;
                continue;
            }
            reader.open(key, cursor.val());
            checkFollowedBy(nextIndex);
            boolean inTail = blocks == 0 || bytes < verifiedBytes;
            bytes += cursor.val().remaining();
            if (inTail) {
                nextTerm = verifyBlock(nextTerm);
            }
            nextIndex = key;
            blocks++;
        }
        if (last.equals(EntryId.NONE)) {
            last = head.anchor();
        }
        if (nextIndex >= 0 && nextIndex != head.anchor().index() + 1) {
            throw Damage.found(
                    codec.file(),
                    "the log",
                    "it begins with entry " + nextIndex + " but was cut after " + head.anchor());
        }
        if (blocks + heads != records) {
            throw Damage.found(
                    codec.file(), "the log", "it counts " + records + " records but has " + (blocks + heads));
        }
    }

    private void checkFollowedBy(long nextIndex) {
        if (nextIndex >= 0 && reader.lastIndex() + 1 != nextIndex) {
            throw Damage.found(
                    codec.file(),
                    "the log after entry " + reader.lastIndex(),
                    "the next block begins with entry " + nextIndex);
        }
    }

    /** Checks every entry of the block; returns its first term. */
    private long verifyBlock(long nextTerm) {
        long firstTerm = 0;
        long term = 0;
        while (reader.next()) {
            reader.verify();
            EntryId id = reader.id();
            if (id.term() < term) {
                throw Damage.found(codec.file(), "entry " + id.index(), "its term " + id.term() + " follows " + term);
            }
            firstTerm = firstTerm == 0 ? id.term() : firstTerm;
            term = id.term();
            if (id.index() > last.index()) {
                last = id; // Only in the last block, which comes first.
            }
        }
        if (term > nextTerm) {
            throw Damage.found(
                    codec.file(), "entry " + reader.lastIndex(), "its term " + term + " is followed by " + nextTerm);
        }
        return firstTerm;
    }
}

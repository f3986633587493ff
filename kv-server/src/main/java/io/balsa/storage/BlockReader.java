package io.balsa.storage;

import io.balsa.node.StorageException;
import io.balsa.raft.EntryId;
import io.balsa.raft.LogEntry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Walks the entries of one block ({@link EntryCodec} draws it) and checks what it passes. It reads LMDB's memory in
 * place: valid only within the transaction; what it returns is copied. Owned by one thread, reused for many blocks.
 */
final class BlockReader {
    private static final int[] EARLIER_CHECKSUMS_AT = {20, 48};

    private final EntryCodec codec;
    private ByteBuffer block = ByteBuffer.allocate(0);
    private long firstIndex;
    private int count;
    private int at;
    private int position;
    private int length;
    private long term;

    BlockReader(EntryCodec codec) {
        this.codec = codec;
    }

    /** Turns to the block stored under {@code key}, before its first entry. Refuses one whose header is damaged. */
    void open(long key, ByteBuffer value) {
        block = value.order(ByteOrder.LITTLE_ENDIAN);
        firstIndex = key;
        int size = value.remaining();
        if (size < EntryCodec.BLOCK_HEADER_BYTES) {
            refuseEarlierFormat(value);
            throw damagedBlock("it has " + size + " bytes");
        }
        int stored = value.getInt(EntryCodec.BLOCK_CHECKSUM_AT);
        int computed = codec.checksum(value, 0, EntryCodec.BLOCK_CHECKSUM_AT);
        if (stored != computed) {
            refuseEarlierFormat(value);
            throw damagedBlock(Damage.checksums(stored, computed));
        }
        if (value.get(0) != EntryCodec.VERSION) {
            throw Damage.version(codec.file(), value.get(0), EntryCodec.VERSION);
        }
        count = value.getInt(4);
        if (value.getLong(8) != key || value.getInt(16) != size || count < 1) {
            throw damagedBlock("it says that it starts at " + value.getLong(8) + " and has " + count + " entries in "
                    + value.getInt(16) + " bytes, but it has " + size + " bytes");
        }
        at = EntryCodec.BLOCK_HEADER_BYTES;
        position = -1;
        length = 0;
        term = 0;
    }

    /** Their headers had 24 and 52 bytes, with the checksum at the end. */
    private void refuseEarlierFormat(ByteBuffer value) {
        int version = value.remaining() < EARLIER_CHECKSUMS_AT[0] + Integer.BYTES ? 0 : value.get(0);
        if (version < 1 || version > EARLIER_CHECKSUMS_AT.length) {
            return;
        }
        int at = EARLIER_CHECKSUMS_AT[version - 1];
        if (value.remaining() >= at + Integer.BYTES && value.getInt(at) == codec.checksum(value, 0, at)) {
            throw Damage.version(codec.file(), version, EntryCodec.VERSION);
        }
    }

    private StorageException damagedBlock(String found) {
        return Damage.found(codec.file(), "the block of entries from " + firstIndex + " on", found);
    }

    long firstIndex() {
        return firstIndex;
    }

    long lastIndex() {
        return firstIndex + count - 1;
    }

    /** Steps to the next entry and checks that it lies in the block, not its checksum; false after the last. */
    boolean next() {
        if (position >= 0) {
            at += EntryCodec.ENTRY_HEADER_BYTES + length;
        }
        position++;
        if (position == count) {
            if (at != block.limit()) {
                throw damagedBlock("its entries end at byte " + at + " of " + block.limit());
            }
            return false;
        }
        int room = block.limit() - at - EntryCodec.ENTRY_HEADER_BYTES;
        int claimed = room < 0 ? -1 : block.getInt(at + 4);
        if (claimed < 0 || claimed > room) {
            throw Damage.found(
                    codec.file(), "entry " + index(), "its length is " + claimed + ", the block has " + room);
        }
        length = claimed;
        term = block.getLong(at + 8);
        return true;
    }

    /** Steps to the entry at {@code index}, which the block holds, and checks it and those before it. */
    void seek(long index) {
        while (next()) {
            verify(); // Of every entry on the way: a damaged length would only show in a later one, and blame that.
            if (index() == index) {
                return;
            }
        }
        throw damagedBlock("entry " + index + " is not in it");
    }

    /** Checks the current entry's checksum and kind. */
    void verify() {
        int stored = block.getInt(at);
        int computed = codec.entryChecksum(block, at, index(), length);
        if (stored != computed) {
            String what = "entry " + index() + " (term " + term + ", " + length + " bytes)";
            throw Damage.found(codec.file(), what, Damage.checksums(stored, computed));
        }
        byte kind = block.get(at + 16);
        if (LogEntry.Kind.of(kind) == null) {
            throw new StorageException(codec.file() + ": entry " + index() + " is of kind " + kind
                    + ", which this program does not know. Run the version of Balsa that wrote it, or a newer one.");
        }
    }

    /** Checks every entry of a block that was just opened, and that they are the ones that it was written with. */
    void verifyAll() {
        EntryCodec.Content content = new EntryCodec.Content();
        while (next()) {
            verify();
            content.add(block, at);
        }
        if (content.checksum() != block.getInt(EntryCodec.CONTENT_AT)) {
            throw damagedBlock(Damage.checksums(block.getInt(EntryCodec.CONTENT_AT), content.checksum()));
        }
    }

    long index() {
        return firstIndex + position;
    }

    EntryId id() {
        return new EntryId(index(), term);
    }

    /** A copy of the current entry. */
    LogEntry entry() {
        byte[] command = new byte[length];
        block.get(at + EntryCodec.ENTRY_HEADER_BYTES, command, 0, length);
        LogEntry.Kind kind = Objects.requireNonNull(LogEntry.Kind.of(block.get(at + 16)), "verified");
        return new LogEntry(index(), term, kind, ByteBuffer.wrap(command).asReadOnlyBuffer());
    }
}

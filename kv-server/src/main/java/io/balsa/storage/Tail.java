package io.balsa.storage;

import io.balsa.node.DamagedStoreException;
import io.balsa.node.StorageException;
import io.balsa.raft.LogEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The end of a log, which its tree does not have yet: a file of fixed size, into which each append writes one block
 * ({@link EntryCodec}) and flushes it. Nothing else of the disk changes: LMDB would write a path of its tree for the same
 * entries, and another one of its tree of free pages. When it has enough, and whenever the tree is written anyway, its
 * entries go into the tree in the same commit, many in a block, and it begins anew.
 *
 * <pre>
 *   page 0          page 1          page 2          page 3          page 4
 *   +---------------+---------------+---------------+---------------+---------------
 *   | block 41      | block 42 to 60, of two pages  | block 61      | block 17, of before
 *   +---------------+---------------+---------------+---------------+---------------
 * </pre>
 *
 * <p>A block begins on a page of its own, so no acknowledged byte is ever written again. It counts when its
 * {@link EntryCodec.Seal} names the log's opening and the last commit of the tree: so a commit of the tree empties the file without
 * touching it. After a crash the blocks are read up to the first that is not whole: of that one the append had not ended. One
 * that is not whole though others follow is damaged.
 *
 * <p>Owned by the log's thread.
 */
final class Tail implements AutoCloseable {
    private static final int PAGE_BYTES = Environments.PAGE_BYTES;

    /** Larger appends go to the tree at once: they would be written twice, and a flush is little beside them. */
    private static final int PARTS = 4;

    /**
     * The file's length in what its blocks take at most: a small one has a page to itself, and the tree is to get as many
     * entries at once when they come one by one.
     */
    private static final int FILE_TIMES = 4;

    private final Path path;
    private final FileChannel file;
    private final EntryCodec codec;
    private final int bytesMax;
    private final List<LogEntry> entries = new ArrayList<>();
    private ByteBuffer block;
    private int end;
    private long blockBytes;

    private Tail(Path path, FileChannel file, int bytesMax) {
        this.path = path;
        this.file = file;
        this.bytesMax = bytesMax;
        this.codec = new EntryCodec(path);
        this.block = ByteBuffer.allocateDirect(PAGE_BYTES);
    }

    /**
     * Makes the file, or makes it anew, page by page: the page cache keeps in one piece what came at once, and each append would
     * make all of it dirty.
     *
     * @param bytesMax what its blocks take at most; a multiple of the page
     */
    static Tail create(Path path, int bytesMax) {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(PAGE_BYTES);
            for (int at = 0; at < fileBytes(bytesMax); at += PAGE_BYTES) {
                writeFully(file, zeros.clear(), at);
            }
            file.force(true);
            try (FileChannel directory = FileChannel.open(path.resolveSibling(""), StandardOpenOption.READ)) {
                directory.force(true);
            }
        } catch (IOException failure) {
            throw failed(path, "making it", failure);
        }
        return open(path, bytesMax);
    }

    /** Of the file. */
    static int fileBytes(int bytesMax) {
        return FILE_TIMES * bytesMax;
    }

    /** Takes the file as an empty one, whatever is in it: the tree has another opening now. */
    static Tail open(Path path, int bytesMax) {
        try {
            return new Tail(path, FileChannel.open(path, StandardOpenOption.WRITE), bytesMax);
        } catch (IOException failure) {
            throw failed(path, "opening it", failure);
        }
    }

    private static void writeFully(FileChannel file, ByteBuffer bytes, long at) throws IOException {
        int start = bytes.position();
        while (bytes.hasRemaining()) {
            file.write(bytes, at + bytes.position() - start);
        }
    }

    private static StorageException failed(Path path, String what, IOException failure) {
        return new StorageException(
                path + ": " + what + " failed: " + failure.getMessage()
                        + ". Nothing that the disk says later may be trusted: check it, and that there is room on it,"
                        + " then start again.",
                failure);
    }

    /**
     * The entries that a server has left behind, in order, from {@code firstIndex} on.
     *
     * @param bytesMax what the file was made with
     * @param seal of the tree's last commit, that the entries were appended after
     * @throws DamagedStoreException when it is not there, or a block is damaged that others follow
     * @throws StorageException when the disk fails
     */
    static List<LogEntry> recover(Path path, int bytesMax, EntryCodec.Seal seal, long firstIndex) {
        List<LogEntry> entries = new ArrayList<>();
        EntryCodec codec = new EntryCodec(path);
        BlockReader reader = new BlockReader(codec);
        ByteBuffer content = content(path, fileBytes(bytesMax));
        int at = 0;
        long index = firstIndex;
        while (at + EntryCodec.BLOCK_HEADER_BYTES <= content.capacity()) {
            ByteBuffer block = sealedBlock(codec, content, at, seal);
            if (block != null && EntryCodec.firstIndex(block) != index) {
                throw Damage.found(
                        path,
                        "entry " + index,
                        "its block is not whole, though the one of entry " + EntryCodec.firstIndex(block) + " follows");
            }
            if (block == null || !isWhole(reader, index, block)) {
                at += PAGE_BYTES; // The end, unless something follows.
                continue;
            }
            reader.open(index, block);
            while (reader.next()) {
                entries.add(reader.entry());
            }
            index = reader.lastIndex() + 1;
            at += pages(block.capacity());
        }
        return entries;
    }

    /** Read from its end, page by page, so that the system does not read ahead: see {@link #create}. */
    private static ByteBuffer content(Path path, int fileBytes) {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            if (file.size() != fileBytes) {
                throw Damage.found(path, "the file", "it has " + file.size() + " bytes, not " + fileBytes);
            }
            ByteBuffer content = ByteBuffer.allocate(fileBytes);
            for (int at = fileBytes - PAGE_BYTES; at >= 0; at -= PAGE_BYTES) {
                ByteBuffer page = content.slice(at, PAGE_BYTES);
                while (page.hasRemaining() && file.read(page, at + page.position()) >= 0) {
                    // Until it is full: nobody else lengthens or cuts it.
                }
            }
            return content;
        } catch (NoSuchFileException missing) {
            throw Damage.found(path, "the file", "it is missing, and the log's last entries with it");
        } catch (IOException failure) {
            throw failed(path, "reading it", failure);
        }
    }

    /** What begins there, when its header is whole and has that seal; else null. */
    private static @Nullable ByteBuffer sealedBlock(
            EntryCodec codec, ByteBuffer content, int at, EntryCodec.Seal seal) {
        ByteBuffer header = content.slice(at, EntryCodec.BLOCK_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (!EntryCodec.seal(header).equals(seal) || !codec.isWholeHeader(header)) {
            return null;
        }
        int bytes = EntryCodec.blockBytes(header);
        return bytes < EntryCodec.BLOCK_HEADER_BYTES || bytes > content.capacity() - at
                ? header
                : content.slice(at, bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static boolean isWhole(BlockReader reader, long index, ByteBuffer block) {
        try {
            reader.open(index, block);
            reader.verifyAll();
            return true;
        } catch (DamagedStoreException inPart) {
            return false; // Its flush was under way, unless something follows.
        }
    }

    /** What so many bytes take, in whole pages. */
    private static int pages(int bytes) {
        return Math.toIntExact((bytes + PAGE_BYTES - 1L) / PAGE_BYTES * PAGE_BYTES);
    }

    /** Whether {@link #append} may be called with these. */
    boolean hasRoomFor(List<LogEntry> more) {
        long bytes = EntryCodec.sizeOf(more);
        return bytes <= bytesMax / PARTS
                && blockBytes + bytes <= bytesMax
                && end + pages((int) bytes) <= fileBytes(bytesMax);
    }

    /**
     * Appends entries that follow the last one, and returns when they are durable, with what they take in bytes.
     *
     * @throws StorageException when the disk fails; nothing may be appended then
     */
    int append(List<LogEntry> more, EntryCodec.Seal seal) {
        int bytes = (int) EntryCodec.sizeOf(more);
        if (block.capacity() < bytes) {
            block = ByteBuffer.allocateDirect(pages(bytes));
        }
        ByteBuffer target = block.slice(0, bytes);
        codec.writeBlock(target, more, 0, more.size(), seal);
        try {
            writeFully(file, target.clear(), end);
            file.force(false);
        } catch (IOException failure) {
            throw failed(path, "the append of " + more.size() + " entries", failure);
        }
        end += pages(bytes);
        blockBytes += bytes;
        entries.addAll(more);
        return bytes;
    }

    /** All that it holds, in order. */
    List<LogEntry> entries() {
        return Collections.unmodifiableList(entries);
    }

    /** Of its blocks. */
    long blockBytes() {
        return blockBytes;
    }

    /** The tree has been written, so nothing here counts any more. */
    void clear() {
        entries.clear();
        end = 0;
        blockBytes = 0;
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException failure) {
            throw failed(path, "closing it", failure);
        }
    }
}

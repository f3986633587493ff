package io.balsa.storage;

import io.balsa.node.DamagedStoreException;
import io.balsa.node.StorageException;
import io.balsa.raft.LogEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the entries of a commit whose meta page a power cut took.
 *
 * <p>A commit that only appends is durable when its pages are: its meta page is flushed with the pages of the next commit, or
 * whenever the system likes. So after a power cut LMDB may open the log as of the commit before, and the blocks of the last
 * one lie in pages that count as free. Each block has a {@link EntryCodec.Seal}: they are found again by reading those pages,
 * and proven to be all of that commit and nothing else. A commit of which a part is missing was never acknowledged.
 *
 * <pre>
 *   commit 7             commit 8             power cut         opened
 *   pages, flush, meta   pages, flush, meta        ⚡            meta 7, pages of 8: the entries of 8 are appended again
 *                  └─── flushed with these    └─ lost
 * </pre>
 *
 * <p>To append them again LMDB takes the very pages that they lie in. So they are first copied to a file of their own,
 * {@code redo}, which counts until the log has another opening.
 */
final class Redo {
    private static final int PAGE_BYTES = Environments.PAGE_BYTES;
    private static final int CHUNK_PAGES = 64;
    private static final int HEADER_BYTES = 16;
    private static final int NODE_HEADER_BYTES = 8;
    private static final int LEAF = 2;
    private static final int OVERFLOW = 4;
    private static final int KINDS = 15;

    private final Path data;
    private final Path copy;
    private final BlockReader reader;
    private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_PAGES * PAGE_BYTES);

    // Of the search under way.
    private long opening;
    private long commit;
    private final Map<Long, ByteBuffer> blocks = new HashMap<>();

    Redo(EntryCodec codec) {
        this.data = codec.file();
        this.copy = data.resolveSibling("redo");
        this.reader = new BlockReader(codec);
    }

    /**
     * Returns the entries that follow the log, in order; most often none. They stay in {@code redo} until {@link #done}.
     *
     * @param head of the log as it was opened
     * @param lastCommit that the log was opened as of
     * @param lastIndex of the log as it was opened
     * @throws StorageException when the disk fails
     */
    List<LogEntry> find(EntryCodec.Head head, long lastCommit, long lastIndex) {
        opening = head.opening();
        commit = lastCommit + 1;
        if (opening == 0) {
            return List.of(); // Nothing was ever sealed.
        }
        try {
            readCopy();
            List<ByteBuffer> chain = chain(lastIndex + 1);
            if (chain.isEmpty()) { // Also when the copy is an old one, whose removal was lost.
                readFreePages();
                chain = chain(lastIndex + 1);
                if (!chain.isEmpty()) {
                    writeCopy(chain);
                }
            }
            return entries(chain);
        } catch (IOException failure) {
            throw new StorageException(data + ": what a power cut left cannot be read or copied: " + failure, failure);
        } finally {
            blocks.clear();
        }
    }

    /** The log holds them, durably, and has another opening. */
    void done() {
        try {
            Files.deleteIfExists(copy);
        } catch (IOException failure) {
            throw new StorageException(copy + " cannot be deleted: " + failure, failure);
        }
    }

    /** The blocks of the commit, in order; none when one is missing. */
    private List<ByteBuffer> chain(long firstIndex) {
        List<ByteBuffer> chain = new ArrayList<>();
        ByteBuffer first = blocks.get(firstIndex);
        if (first == null) {
            return chain;
        }
        long lastIndex = EntryCodec.seal(first).lastIndex();
        long index = firstIndex;
        while (index <= lastIndex) {
            ByteBuffer block = blocks.get(index);
            if (block == null) {
                return List.of();
            }
            reader.open(index, block);
            index = reader.lastIndex() + 1;
            chain.add(block);
        }
        return chain;
    }

    private List<LogEntry> entries(List<ByteBuffer> chain) {
        List<LogEntry> entries = new ArrayList<>();
        for (ByteBuffer block : chain) {
            reader.open(firstIndex(block), block);
            while (reader.next()) {
                entries.add(reader.entry());
            }
        }
        return entries;
    }

    private static long firstIndex(ByteBuffer block) {
        return block.getLong(8);
    }

    /** Reads what no tree of the last commit leads to: pages that are free in it or lie behind its last one. */
    private void readFreePages() throws IOException {
        try (FileChannel channel = FileChannel.open(data, StandardOpenOption.READ)) {
            MetaPages.Newest meta = MetaPages.newest(data, channel);
            int filePages = (int) Math.min(Integer.MAX_VALUE, channel.size() / PAGE_BYTES);
            FreeRecords free = new FreeRecords(data, meta);
            new TreeWalk(data, channel, meta.lastPage(), filePages)
                    .walk(meta.free(), "tree of free pages", TreeWalk.Order.INTEGERS, free);
            BitSet pages = free.pages();
            pages.set((int) meta.lastPage() + 1, Math.max(filePages, (int) meta.lastPage() + 1));
            int to;
            for (int from = pages.nextSetBit(0); from >= 0; from = pages.nextSetBit(to)) {
                to = Math.min(pages.nextClearBit(from), from + CHUNK_PAGES);
                chunk.clear().limit((to - from) * PAGE_BYTES);
                if (read(channel, (long) from * PAGE_BYTES, chunk)) {
                    for (int number = from; number < to; number++) {
                        ByteBuffer page = chunk.slice((number - from) * PAGE_BYTES, PAGE_BYTES);
                        readPage(channel, page.order(ByteOrder.nativeOrder()), number);
                    }
                }
            }
        }
    }

    private void readPage(FileChannel channel, ByteBuffer page, long number) throws IOException {
        int kind = page.getShort(10) & KINDS;
        if (page.getLong(0) != number) {
            return;
        }
        if (kind == OVERFLOW) {
            readBlock(channel, number * PAGE_BYTES + HEADER_BYTES, page, HEADER_BYTES);
        } else if (kind == LEAF) {
            int lower = Math.min(page.getShort(12) & 0xffff, PAGE_BYTES);
            for (int place = HEADER_BYTES; place + 2 <= lower; place += 2) {
                int value = (page.getShort(place) & 0xffff) + NODE_HEADER_BYTES + Long.BYTES;
                readBlock(channel, number * PAGE_BYTES + value, page, value);
            }
        }
    }

    /** Keeps what begins at that place of the page, and of the file, when it is a whole block of the commit. */
    private void readBlock(FileChannel channel, long at, ByteBuffer page, int place) throws IOException {
        if (place + EntryCodec.BLOCK_HEADER_BYTES > page.limit()) {
            return;
        }
        ByteBuffer header = page.slice(place, EntryCodec.BLOCK_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        EntryCodec.Seal seal = EntryCodec.seal(header);
        int bytes = header.getInt(16);
        if (seal.opening() == opening
                && seal.commit() == commit
                && bytes >= EntryCodec.BLOCK_HEADER_BYTES
                && bytes <= channel.size() - at) {
            ByteBuffer block = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
            if (read(channel, at, block)) {
                keep(block);
            }
        }
    }

    private void keep(ByteBuffer block) {
        try {
            reader.open(firstIndex(block), block);
            reader.verifyAll();
            blocks.put(firstIndex(block), block);
        } catch (DamagedStoreException inPart) {
            // Its flush was under way.
        }
    }

    /** Returns whether all of it was there. */
    private static boolean read(FileChannel channel, long at, ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target, at + target.position()) < 0) {
                return false;
            }
        }
        target.flip();
        return true;
    }

    private void writeCopy(List<ByteBuffer> chain) throws IOException {
        Path unfinished = copy.resolveSibling("redo.new");
        try (FileChannel channel = FileChannel.open(
                unfinished,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            for (ByteBuffer block : chain) {
                ByteBuffer source = block.duplicate();
                while (source.hasRemaining()) {
                    int written = channel.write(source);
                    if (written < 0) {
                        throw new IOException(unfinished + " takes no more");
                    }
                }
            }
            channel.force(true);
        }
        Files.move(unfinished, copy, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel directory = FileChannel.open(parent(copy), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    private static Path parent(Path path) {
        @Nullable Path parent = path.getParent();
        return parent == null ? Path.of(".") : parent;
    }

    private void readCopy() throws IOException {
        if (!Files.exists(copy)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.READ)) {
            ByteBuffer header = ByteBuffer.allocate(EntryCodec.BLOCK_HEADER_BYTES);
            long at = 0;
            while (at < channel.size()) {
                boolean whole = read(channel, at, header.clear());
                int bytes = header.order(ByteOrder.LITTLE_ENDIAN).getInt(16);
                if (!whole || bytes < EntryCodec.BLOCK_HEADER_BYTES) {
                    throw Damage.found(copy, "what a power cut left", "it has no whole block at byte " + at);
                }
                readBlock(channel, at, header, 0);
                at += bytes;
            }
        }
    }
}

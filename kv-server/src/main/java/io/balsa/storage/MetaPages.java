package io.balsa.storage;

import io.balsa.node.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Looks at LMDB's two meta pages before LMDB does. Each commit writes one of them, in turn, and the one with the higher
 * transaction number counts. They have no checksum: one flipped bit in a number and LMDB would go on from the commit
 * before, without the last, acknowledged one.
 *
 * <p>So each of the two must prove its number. A commit replaces at least the root of its tree, and puts the pages that
 * it freed under its own number into its tree of free pages: the highest key in there is the transaction's number. Only
 * the first two commits may have nothing to free. Both trees are whole at any moment, also after a crash: a transaction
 * reuses only what was free already in the commit before the last.
 *
 * <pre>
 * page (4,096 bytes)          meta, at byte 16
 *   0          16               0       4         8         24           72          120         128
 *   +----------+---------       +-------+---------+---------+------------+-----------+-----------+-------------+
 *   | header   | meta …         | magic | version | map     | free pages | data      | last page | transaction |
 *   +----------+---------       +-------+---------+---------+------------+-----------+-----------+-------------+
 * tree (48 bytes): …, at byte 40 its root page, -1 for none
 * </pre>
 */
final class MetaPages {
    private static final int PAGE_BYTES = Environments.PAGE_BYTES;
    private static final int MAGIC = 0xBEEFC0DE;
    private static final int META_AT = 16;
    private static final int FREE_AT = META_AT + 24;
    private static final int DATA_AT = META_AT + 72;
    private static final int ROOT = 40;
    private static final int LAST_PAGE_AT = META_AT + 120;
    private static final int TXN_AT = META_AT + 128;
    private static final long NO_PAGE = -1;

    private final Path file;
    private final ByteBuffer pages;

    private MetaPages(Path file, ByteBuffer pages) {
        this.file = file;
        this.pages = pages;
    }

    /**
     * What the last commit says.
     *
     * @param data its tree of records
     * @param free its tree of free pages
     */
    record Newest(long transaction, long lastPage, ByteBuffer data, ByteBuffer free) {}

    /** Reads the meta page of the last commit from a file that was verified. */
    static Newest newest(Path file, FileChannel channel) throws IOException {
        MetaPages meta = new MetaPages(file, read(channel));
        int at = meta.newer();
        long lastPage = meta.pages.getLong(at + LAST_PAGE_AT);
        if (lastPage < 1 || lastPage > Integer.MAX_VALUE - 1) {
            throw meta.damaged("the last page is " + lastPage);
        }
        return new Newest(meta.pages.getLong(at + TXN_AT), lastPage, meta.tree(at + DATA_AT), meta.tree(at + FREE_AT));
    }

    private static ByteBuffer read(FileChannel channel) throws IOException {
        ByteBuffer pages = ByteBuffer.allocate(2 * PAGE_BYTES).order(ByteOrder.nativeOrder());
        while (pages.hasRemaining() && channel.read(pages, pages.position()) >= 0) {
            // Until both are read or the file ends.
        }
        return pages;
    }

    private int newer() {
        return pages.getLong(TXN_AT) > pages.getLong(PAGE_BYTES + TXN_AT) ? 0 : PAGE_BYTES;
    }

    private ByteBuffer tree(int at) {
        return pages.slice(at, TreeWalk.TREE_BYTES).order(ByteOrder.nativeOrder());
    }

    /** Refuses a data file of LMDB whose meta pages do not fit together; a missing or empty one is fine. */
    static void verify(Path file) {
        if (!Files.exists(file)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer pages = read(channel);
            if (pages.position() == 0) {
                return; // Created, but the server stopped before LMDB wrote anything.
            }
            if (pages.hasRemaining()) {
                throw Damage.found(file, "the file", "it ends after " + pages.position() + " bytes");
            }
            MetaPages meta = new MetaPages(file, pages);
            meta.verifyPair();
            meta.verifyNumber(0, channel);
            meta.verifyNumber(PAGE_BYTES, channel);
        } catch (IOException failure) {
            throw new StorageException(file + " cannot be read", failure);
        }
    }

    private void verifyPair() {
        if (pages.getInt(META_AT) != MAGIC || pages.getInt(PAGE_BYTES + META_AT) != MAGIC) {
            throw damaged("it does not begin as LMDB's do");
        }
        long even = pages.getLong(TXN_AT);
        long odd = pages.getLong(PAGE_BYTES + TXN_AT);
        boolean fresh = even == 0 && odd == 0;
        if (!fresh && (Math.abs(even - odd) != 1 || (even & 1) != 0 || even < 0 || odd < 0)) {
            throw damaged("transactions " + even + " and " + odd + " do not follow each other");
        }
        long lastOfEven = pages.getLong(LAST_PAGE_AT);
        long lastOfOdd = pages.getLong(PAGE_BYTES + LAST_PAGE_AT);
        if (even > odd ? lastOfEven < lastOfOdd : lastOfOdd < lastOfEven) {
            throw damaged("the last page of transactions " + even + " and " + odd + " is " + lastOfEven + " and "
                    + lastOfOdd);
        }
    }

    /** Holds the number of the meta page at {@code at} against what its commit left in its tree of free pages. */
    private void verifyNumber(int at, FileChannel channel) throws IOException {
        long number = pages.getLong(at + TXN_AT);
        long recorded = recorded(at, channel);
        boolean hasData = pages.getLong(at + DATA_AT + ROOT) != NO_PAGE;
        boolean proven = recorded == number || (recorded == 0 && number <= 2);
        // Before the first commit there is nothing; the first may set the tree's kind only; the second writes.
        boolean fits = number == 0 ? !hasData : number == 1 || hasData;
        if (!proven || !fits) {
            throw damaged("its transaction number is " + number + ", but its commit was "
                    + (recorded == 0 ? "one of the first two" : "number " + recorded));
        }
    }

    /** The commit that the tree of free pages leads to; 0 for none. */
    private long recorded(int at, FileChannel channel) throws IOException {
        long root = pages.getLong(at + FREE_AT + ROOT);
        return root == NO_PAGE ? 0 : new FreePages(file, channel).highestKey(root, pages.getLong(at + LAST_PAGE_AT));
    }

    private StorageException damaged(String found) {
        return Damage.found(file, "a meta page", found);
    }
}

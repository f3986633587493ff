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
    private static final int FREE_ROOT_AT = META_AT + 24 + 40;
    private static final int DATA_ROOT_AT = META_AT + 72 + 40;
    private static final int LAST_PAGE_AT = META_AT + 120;
    private static final int TXN_AT = META_AT + 128;
    private static final long NO_PAGE = -1;

    private final Path file;
    private final ByteBuffer pages;

    private MetaPages(Path file, ByteBuffer pages) {
        this.file = file;
        this.pages = pages;
    }

    /** Refuses a data file of LMDB whose meta pages do not fit together; a missing or empty one is fine. */
    static void verify(Path file) {
        if (!Files.exists(file)) {
            return;
        }
        ByteBuffer pages = ByteBuffer.allocate(2 * PAGE_BYTES).order(ByteOrder.nativeOrder());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (pages.hasRemaining() && channel.read(pages) >= 0) {
                // Until both are read or the file ends.
            }
            if (pages.position() == 0) {
                return; // Created, but the server stopped before LMDB wrote anything.
            }
            if (pages.hasRemaining()) {
                throw Damage.found(file, "the file", "it ends after " + pages.position() + " bytes");
            }
            MetaPages meta = new MetaPages(file, pages);
            meta.verifyPair();
            for (int page = 0; page < 2; page++) {
                meta.verifyNumber(page * PAGE_BYTES, new FreePages(file, channel));
            }
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

    /** Holds the number of the meta page at {@code at} against what its commit left in the tree of free pages. */
    private void verifyNumber(int at, FreePages freePages) throws IOException {
        long number = pages.getLong(at + TXN_AT);
        long root = pages.getLong(at + FREE_ROOT_AT);
        long recorded = root == NO_PAGE ? 0 : freePages.highestKey(root, pages.getLong(at + LAST_PAGE_AT));
        boolean hasData = pages.getLong(at + DATA_ROOT_AT) != NO_PAGE;
        boolean proven = recorded == number || (recorded == 0 && number <= 2);
        // Before the first commit there is nothing; the first may set the tree's kind only; the second writes.
        boolean fits = number == 0 ? !hasData : number == 1 || hasData;
        if (!proven || !fits) {
            throw damaged("its transaction number is " + number + ", but its commit was "
                    + (recorded == 0 ? "one of the first two" : "number " + recorded));
        }
    }

    private StorageException damaged(String found) {
        return Damage.found(file, "a meta page", found);
    }
}

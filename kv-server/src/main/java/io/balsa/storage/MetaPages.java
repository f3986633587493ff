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
 * transaction number counts. They have no checksum: one flipped bit in that number and LMDB would go on from the
 * commit before, without the last, acknowledged one. But the two numbers always follow each other, and the file's last
 * page never goes back, so most flips show. (One cannot: the second-lowest bit of the higher number, when that commit
 * took no new page. It makes n - 1 of n + 1, as if the commit had never been.)
 *
 * <pre>
 * page (4,096 bytes)          meta, at byte 16
 *   0          16               0       4         8           24                120         128
 *   +----------+---------       +-------+---------+-----------+-----------------+-----------+-------------+
 *   | header   | meta …         | magic | version | map       | two trees       | last page | transaction |
 *   +----------+---------       +-------+---------+-----------+-----------------+-----------+-------------+
 * </pre>
 */
final class MetaPages {
    private static final int PAGE_BYTES = 4096;
    private static final int MAGIC = 0xBEEFC0DE;
    private static final int META_AT = 16;
    private static final int LAST_PAGE_AT = META_AT + 120;
    private static final int TXN_AT = META_AT + 128;

    private MetaPages() {}

    /** Refuses a data file of LMDB whose meta pages do not fit together; a missing or empty one is fine. */
    static void verify(Path file) {
        ByteBuffer pages = ByteBuffer.allocate(2 * PAGE_BYTES).order(ByteOrder.nativeOrder());
        if (!Files.exists(file)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (pages.hasRemaining() && channel.read(pages) >= 0) {
                // Until both are read or the file ends.
            }
        } catch (IOException failure) {
            throw new StorageException(file + " cannot be read", failure);
        }
        if (pages.position() == 0) {
            return; // Created, but the server stopped before LMDB wrote anything.
        }
        if (pages.hasRemaining()) {
            throw Damage.found(file, "the file", "it ends after " + pages.position() + " bytes");
        }
        if (pages.getInt(META_AT) != MAGIC || pages.getInt(PAGE_BYTES + META_AT) != MAGIC) {
            throw Damage.found(file, "a meta page", "it does not begin as LMDB's do");
        }
        long even = pages.getLong(TXN_AT);
        long odd = pages.getLong(PAGE_BYTES + TXN_AT);
        boolean fresh = even == 0 && odd == 0;
        if (!fresh && (Math.abs(even - odd) != 1 || (even & 1) != 0)) {
            throw Damage.found(
                    file, "a meta page", "transactions " + even + " and " + odd + " do not follow each other");
        }
        long lastOfEven = pages.getLong(LAST_PAGE_AT);
        long lastOfOdd = pages.getLong(PAGE_BYTES + LAST_PAGE_AT);
        if (even > odd ? lastOfEven < lastOfOdd : lastOfOdd < lastOfEven) {
            throw Damage.found(
                    file,
                    "a meta page",
                    "the last page of transactions " + even + " and " + odd + " is " + lastOfEven + " and "
                            + lastOfOdd);
        }
    }
}

package io.balsa.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * LMDB's tree of free pages, read from the file without LMDB: its keys are the numbers of the transactions that freed
 * them. Everything in it is checked before it is used.
 *
 * <pre>
 * page
 *   0        8     10      12      14      16                        upper
 *   +--------+-----+-------+-------+-------+-------------------+-----+---------------+
 *   | number | pad | flags | lower | upper | places of nodes … |     | … nodes       |
 *   +--------+-----+-------+-------+-------+-------------------+-----+---------------+
 *   flags: 1 a branch, 2 a leaf.  Nodes: (lower - 16) / 2, in the order of their keys.
 *
 * node
 *   0     2     4       6          8
 *   +-----+-----+-------+----------+-----+------
 *   | low | mid | high  | key size | key | data
 *   +-----+-----+-------+----------+-----+------
 *   In a branch low, mid and high are the number of the page below.
 * </pre>
 */
final class FreePages {
    private static final int PAGE_BYTES = Environments.PAGE_BYTES;
    private static final int HEADER_BYTES = 16;
    private static final int NODE_HEADER_BYTES = 8;
    private static final int BRANCH = 1;
    private static final int LEAF = 2;
    private static final int KINDS = 15;
    private static final int DEPTH_MAX = 32; // LMDB's own.

    private final Path file;
    private final FileChannel channel;
    private final ByteBuffer page = ByteBuffer.allocate(PAGE_BYTES).order(ByteOrder.nativeOrder());

    FreePages(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** The highest key below {@code root}; no page lies beyond {@code lastPage}. */
    long highestKey(long root, long lastPage) throws IOException {
        long number = root;
        for (int depth = 0; depth < DEPTH_MAX; depth++) {
            read(number, lastPage);
            int kind = page.getShort(10) & KINDS;
            int node = lastNode(number);
            if (kind == LEAF) {
                int key = node + NODE_HEADER_BYTES;
                check(page.getShort(node + 6) == Long.BYTES && key <= PAGE_BYTES - Long.BYTES, number);
                return page.getLong(key);
            }
            check(kind == BRANCH, number);
            number = part(node) | (part(node + 2) << 16) | (part(node + 4) << 32);
        }
        throw Damage.found(file, "the tree of free pages", "it is deeper than " + DEPTH_MAX + " pages");
    }

    private long part(int at) {
        return page.getShort(at) & 0xffffL;
    }

    private void read(long number, long lastPage) throws IOException {
        check(number >= 2 && number <= lastPage, number);
        page.clear();
        while (page.hasRemaining()) {
            int count = channel.read(page, number * PAGE_BYTES + page.position());
            check(count >= 0, number);
        }
        check(page.getLong(0) == number, number);
    }

    /** Where the node with the highest key begins. */
    private int lastNode(long number) {
        int lower = page.getShort(12) & 0xffff;
        check(lower >= HEADER_BYTES + 2 && lower <= PAGE_BYTES && lower % 2 == 0, number);
        int node = page.getShort(lower - 2) & 0xffff;
        check(node >= lower && node <= PAGE_BYTES - NODE_HEADER_BYTES, number);
        return node;
    }

    private void check(boolean holds, long number) {
        if (!holds) {
            throw Damage.found(file, "page " + number + " in the tree of free pages", "it is none of LMDB's");
        }
    }
}

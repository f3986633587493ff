package io.balsa.storage;

import io.balsa.node.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Walks a tree of LMDB's in the file, without LMDB, and checks all that LMDB takes for granted: each page's number, kind and
 * layout, that it is met once, the order of the keys, and the counts. LMDB follows such numbers wherever they point, which may
 * end the process; this reads by calls, not from a mapping, so nothing in the file can do that here.
 *
 * <pre>
 * tree, in a meta page
 *   0     4       6       8                16             24                32        40
 *   +-----+-------+-------+----------------+--------------+-----------------+---------+------+
 *   | pad | flags | depth | branches       | leaves       | overflow pages  | entries | root |
 *   +-----+-------+-------+----------------+--------------+-----------------+---------+------+
 * leaf's node: as {@link FreePages} draws it, but low and mid are the value's size and high flags; with flag 1 the data
 *   is the number of an overflow page, which holds the value behind its header, over as many pages as that says at byte 12.
 * </pre>
 *
 * <p>Owned by one thread.
 */
final class TreeWalk {
    /** Sees every record, in the order of the keys; both buffers are valid only during the call. */
    interface Visitor {
        void record(ByteBuffer key, ByteBuffer value);
    }

    /** How keys are compared. */
    enum Order {
        BYTES,
        /** Of 8 bytes, in the machine's own order, without a sign. */
        INTEGERS
    }

    static final int TREE_BYTES = 48;
    private static final int PAGE_BYTES = Environments.PAGE_BYTES;
    private static final int HEADER_BYTES = 16;
    private static final int NODE_HEADER_BYTES = 8;
    private static final int BRANCH = 1;
    private static final int LEAF = 2;
    private static final int OVERFLOW = 4;
    private static final int BIG_VALUE = 1;
    private static final int KEY_BYTES_MAX = 511;
    private static final int DEPTH_MAX = 32; // LMDB's own.
    private static final long NO_PAGE = -1;

    private final Path file;
    private final FileChannel channel;
    private final long lastPage;
    private final BitSet met;
    private final @Nullable ByteBuffer[] pages = new ByteBuffer[DEPTH_MAX];
    private ByteBuffer overflow = page(PAGE_BYTES);

    // Of the walk under way.
    private Order order = Order.BYTES;
    private Visitor visitor = (key, value) -> {};
    private final byte[] lastKey = new byte[KEY_BYTES_MAX];
    private int lastKeyBytes;
    private boolean lastIsBound;
    private int depth;
    private long branches;
    private long leaves;
    private long overflows;
    private long entries;

    /** @param filePages which the file has; a damaged {@code lastPage} must not cost memory */
    TreeWalk(Path file, FileChannel channel, long lastPage, long filePages) {
        this.file = file;
        this.channel = channel;
        this.lastPage = lastPage;
        this.met = new BitSet((int) Math.min(filePages, lastPage + 1));
    }

    private static ByteBuffer page(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** The pages of all trees that were walked. */
    BitSet met() {
        return met;
    }

    /** Walks the tree that the {@value #TREE_BYTES} bytes describe; returns how many records it has. */
    long walk(ByteBuffer tree, String name, Order keyOrder, Visitor newVisitor) throws IOException {
        order = keyOrder;
        visitor = newVisitor;
        lastKeyBytes = -1;
        lastIsBound = false;
        branches = 0;
        leaves = 0;
        overflows = 0;
        entries = 0;
        depth = tree.getShort(6) & 0xffff;
        long root = tree.getLong(40);
        if (root == NO_PAGE) {
            if (depth != 0) {
                throw damaged("the " + name, "it has no root but a depth of " + depth);
            }
        } else {
            if (depth < 1 || depth > DEPTH_MAX) {
                throw damaged("the " + name, "its depth is " + depth);
            }
            walkPage(root, 1);
        }
        if (tree.getLong(8) != branches
                || tree.getLong(16) != leaves
                || tree.getLong(24) != overflows
                || tree.getLong(32) != entries) {
            throw damaged(
                    "the " + name,
                    "it counts " + tree.getLong(8) + " branches, " + tree.getLong(16) + " leaves, " + tree.getLong(24)
                            + " overflow pages and " + tree.getLong(32) + " records, but has " + branches + ", "
                            + leaves
                            + ", " + overflows + " and " + entries);
        }
        return entries;
    }

    private void walkPage(long number, int level) throws IOException {
        ByteBuffer page = read(number, level);
        int lower = page.getShort(12) & 0xffff;
        int upper = page.getShort(14) & 0xffff;
        if (lower < HEADER_BYTES || lower % 2 != 0 || lower > upper || upper > PAGE_BYTES) {
            throw damaged(number, "its nodes lie from " + upper + " on, their places end at " + lower);
        }
        int kind = page.getShort(10) & 0xffff;
        int nodes = (lower - HEADER_BYTES) / 2;
        if (kind == LEAF) {
            if (level != depth) {
                throw damaged(number, "it is a leaf at level " + level + " of " + depth);
            }
            if (nodes < 1) {
                throw damaged(number, "it is a leaf without records");
            }
            leaves++;
            walkLeaf(page, number, nodes, upper);
        } else {
            if (kind != BRANCH || level >= depth) {
                throw damaged(number, "it is of kind " + kind + " at level " + level);
            }
            if (nodes < 1) {
                throw damaged(number, "it is a branch without pages");
            }
            branches++;
            walkBranch(page, number, nodes, upper, level);
        }
    }

    private void walkBranch(ByteBuffer page, long number, int nodes, int upper, int level) throws IOException {
        int bytes = 0;
        for (int i = 0; i < nodes; i++) {
            int node = place(page, number, i, upper);
            int keyBytes = page.getShort(node + 6) & 0xffff;
            bytes += even(checkEnd(number, node, keyBytes, 0));
            if (i > 0) { // The first key of a branch is never compared, and may be missing.
                checkFollows(page, number, node, keyBytes, true);
            }
            walkPage(part(page, node) | (part(page, node + 2) << 16) | (part(page, node + 4) << 32), level + 1);
        }
        if (bytes != PAGE_BYTES - upper) {
            throw damaged(number, "its nodes take " + bytes + " bytes from " + upper + " on");
        }
    }

    private void walkLeaf(ByteBuffer page, long number, int nodes, int upper) throws IOException {
        int bytes = 0;
        for (int i = 0; i < nodes; i++) {
            int node = place(page, number, i, upper);
            int flags = page.getShort(node + 4) & 0xffff;
            int keyBytes = page.getShort(node + 6) & 0xffff;
            long valueBytes = part(page, node) | (part(page, node + 2) << 16);
            if ((flags & ~BIG_VALUE) != 0) {
                throw damaged(number, "record " + i + " has flags " + flags);
            }
            boolean big = flags == BIG_VALUE;
            bytes += even(checkEnd(number, node, keyBytes, big ? Long.BYTES : valueBytes));
            checkFollows(page, number, node, keyBytes, false);
            entries++;
            int keyAt = node + NODE_HEADER_BYTES;
            ByteBuffer value = big
                    ? readOverflow(page.getLong(keyAt + keyBytes), valueBytes)
                    : page.slice(keyAt + keyBytes, (int) valueBytes);
            visitor.record(page.slice(keyAt, keyBytes).order(ByteOrder.nativeOrder()), value);
        }
        if (bytes != PAGE_BYTES - upper) {
            throw damaged(number, "its nodes take " + bytes + " bytes from " + upper + " on");
        }
    }

    private int place(ByteBuffer page, long number, int index, int upper) {
        int node = page.getShort(HEADER_BYTES + 2 * index) & 0xffff;
        if (node < upper || node % 2 != 0 || node > PAGE_BYTES - NODE_HEADER_BYTES) {
            throw damaged(number, "node " + index + " lies at " + node);
        }
        return node;
    }

    /** Returns what the node takes. */
    private int checkEnd(long number, int node, int keyBytes, long dataBytes) {
        long end = node + NODE_HEADER_BYTES + keyBytes + dataBytes;
        if (end > PAGE_BYTES || keyBytes > KEY_BYTES_MAX || (order == Order.INTEGERS && keyBytes % Long.BYTES != 0)) {
            throw damaged(number, "the node at " + node + " has a key of " + keyBytes + " bytes and ends at " + end);
        }
        return (int) end - node;
    }

    private static int even(int bytes) {
        return (bytes + 1) & ~1;
    }

    private static long part(ByteBuffer page, int at) {
        return page.getShort(at) & 0xffffL;
    }

    /** Checks that a key comes after the last one; what is below a branch's key may also begin with the very key. */
    private void checkFollows(ByteBuffer page, long number, int node, int keyBytes, boolean isBound) {
        int at = node + NODE_HEADER_BYTES;
        boolean follows = lastKeyBytes < 0;
        if (!follows) {
            int compared;
            if (order == Order.INTEGERS) {
                long last =
                        ByteBuffer.wrap(lastKey).order(ByteOrder.nativeOrder()).getLong(0);
                compared = keyBytes == Long.BYTES ? Long.compareUnsigned(last, page.getLong(at)) : 1;
            } else {
                byte[] key = new byte[keyBytes];
                page.get(at, key);
                compared = Arrays.compareUnsigned(lastKey, 0, lastKeyBytes, key, 0, keyBytes);
            }
            follows = compared < 0 || (compared == 0 && lastIsBound && !isBound);
        }
        boolean sized = keyBytes >= 1 && (order == Order.BYTES || keyBytes == Long.BYTES);
        if (!follows || !sized) {
            throw damaged(number, "the keys are not in order at " + node);
        }
        page.get(at, lastKey, 0, keyBytes);
        lastKeyBytes = keyBytes;
        lastIsBound = isBound;
    }

    private ByteBuffer read(long number, int level) throws IOException {
        meet(number, 1);
        ByteBuffer page = pages[level - 1];
        if (page == null) {
            page = page(PAGE_BYTES);
            pages[level - 1] = page;
        }
        page.clear();
        fill(page, number);
        if (page.getLong(0) != number) {
            throw damaged(number, "it says that it is page " + page.getLong(0));
        }
        return page;
    }

    private ByteBuffer readOverflow(long number, long valueBytes) throws IOException {
        int bytes = (int) Math.min(Integer.MAX_VALUE - PAGE_BYTES, HEADER_BYTES + valueBytes);
        int count = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
        meet(number, count);
        if (overflow.capacity() < bytes) {
            overflow = page(count * PAGE_BYTES);
        }
        overflow.clear().limit(bytes);
        fill(overflow, number);
        if (overflow.getLong(0) != number
                || (overflow.getShort(10) & 0xffff) != OVERFLOW
                || overflow.getInt(12) != count) {
            throw damaged(
                    number,
                    "it says that it is page " + overflow.getLong(0) + " of kind " + overflow.getShort(10) + " and has "
                            + overflow.getInt(12) + " of " + count + " pages");
        }
        overflows += count;
        return overflow.slice(HEADER_BYTES, (int) valueBytes);
    }

    private void meet(long number, int count) {
        if (number < 2 || number > lastPage - count + 1) {
            throw damaged(number, "the last page is " + lastPage);
        }
        for (int page = (int) number; page < number + count; page++) {
            if (met.get(page)) {
                throw damaged(page, "two places lead to it");
            }
            met.set(page);
        }
    }

    private void fill(ByteBuffer target, long number) throws IOException {
        long at = number * PAGE_BYTES;
        while (target.hasRemaining()) {
            int count = channel.read(target, at + target.position());
            if (count < 0) {
                throw damaged(number, "the file ends before it");
            }
        }
    }

    private StorageException damaged(long number, String found) {
        return damaged("page " + number, found);
    }

    private StorageException damaged(String what, String found) {
        return Damage.found(file, what, found);
    }
}

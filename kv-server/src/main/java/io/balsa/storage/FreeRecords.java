package io.balsa.storage;

import io.balsa.node.StorageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.BitSet;

/**
 * Gathers the free pages from the records of their tree: under the number of the transaction that freed them, how many
 * pages, and their numbers, the highest first.
 */
final class FreeRecords implements TreeWalk.Visitor {
    private static final long FIRST_PAGE = 2;

    private final Path file;
    private final long lastPage;
    private final long lastTransaction;
    private final BitSet pages = new BitSet();

    FreeRecords(Path file, MetaPages.Newest meta) {
        this.file = file;
        this.lastPage = meta.lastPage();
        this.lastTransaction = meta.transaction();
    }

    BitSet pages() {
        return pages;
    }

    @Override
    public void record(ByteBuffer key, ByteBuffer value) {
        long transaction = key.getLong(0);
        value.order(ByteOrder.nativeOrder());
        long count = value.remaining() < Long.BYTES ? -1 : value.getLong(0);
        if (transaction > lastTransaction || count < 0 || count > value.remaining() / Long.BYTES - 1) {
            throw damaged(transaction, "it says " + count + " in " + value.remaining() + " bytes");
        }
        long above = lastPage + 1;
        for (int i = 1; i <= count; i++) {
            long page = value.getLong(i * Long.BYTES);
            if (page < FIRST_PAGE || page >= above || pages.get((int) page)) {
                throw damaged(transaction, "page " + page + " is not below " + above + ", or is there twice");
            }
            pages.set((int) page);
            above = page;
        }
    }

    private StorageException damaged(long transaction, String found) {
        return Damage.found(file, "the record of the pages that transaction " + transaction + " freed", found);
    }
}

package io.balsa.storage;

import io.balsa.node.DamagedStoreException;
import io.balsa.node.ElectionCodec;
import io.balsa.node.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;

/**
 * Reads everything that a store holds and checks all of it: the structure of LMDB's trees ({@link TreeWalk}), that no free page
 * is in use, and each record's checksum and place. What is whole here is safe for LMDB, which trusts its pages so far that a bad
 * one may end the process or be overwritten for a free one. It writes nothing; the store must not be open.
 */
public final class Scrub {
    private static final int PAGE_BYTES = Environments.PAGE_BYTES;
    private static final int INTEGER_KEYS = 8;

    /**
     * What was read.
     *
     * @param bytes of the files' pages that are in use
     */
    public record Result(long records, long bytes, long nanos) {
        static final Result EMPTY = new Result(0, 0, 0);

        Result plus(Result other) {
            return new Result(records + other.records, bytes + other.bytes, nanos + other.nanos);
        }
    }

    private Scrub() {}

    /**
     * Checks the log and the state; what a first start has not made yet is whole.
     *
     * @throws DamagedStoreException that names what is damaged
     * @throws StorageException when the disk fails
     */
    public static Result run(DataDirectory directory) {
        return log(directory.log()).plus(state(directory.state()));
    }

    static Result log(Path directory) {
        Path file = directory.resolve("data.mdb");
        LogRecords records = new LogRecords(file);
        Result result = scrub(file, TreeWalk.Order.INTEGERS, records);
        records.end();
        return result;
    }

    static Result state(Path directory) {
        Path file = directory.resolve(LmdbState.FILE);
        StateRecords records = new StateRecords(file);
        Result result = scrub(file, TreeWalk.Order.BYTES, records);
        if (result.records() > 0 && !records.hasApplied) {
            throw Damage.found(file, "the checkpoint's index", "it is missing");
        }
        return result;
    }

    static Result journal(Path directory) {
        Path file = directory.resolve("data.mdb");
        return scrub(
                file, TreeWalk.Order.INTEGERS, (key, value) -> ElectionCodec.decode(LmdbJournal.checked(file, value)));
    }

    private static Result scrub(Path file, TreeWalk.Order order, TreeWalk.Visitor records) {
        long start = System.nanoTime();
        MetaPages.verify(file);
        try {
            if (!Files.exists(file) || Files.size(file) == 0) {
                return Result.EMPTY;
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                return scrub(file, channel, order, records, start);
            }
        } catch (IOException failure) {
            throw new StorageException(file + " cannot be read: " + failure, failure);
        }
    }

    private static Result scrub(
            Path file, FileChannel channel, TreeWalk.Order order, TreeWalk.Visitor visitor, long start)
            throws IOException {
        MetaPages.Newest meta = MetaPages.newest(file, channel);
        long lastPage = meta.lastPage();
        ByteBuffer data = meta.data();
        ByteBuffer free = meta.free();
        int keys = order == TreeWalk.Order.INTEGERS && data.getLong(40) != -1 ? INTEGER_KEYS : 0;
        boolean ofThisKind = data.getLong(40) == -1 || (data.getShort(4) & 0xffff) == keys;
        if (!ofThisKind || free.getInt(0) != PAGE_BYTES || (free.getShort(4) & 0xffff) != INTEGER_KEYS) {
            throw Damage.found(
                    file,
                    "a meta page",
                    "its trees' kinds are " + data.getShort(4) + " and " + free.getShort(4) + ", its pages have "
                            + free.getInt(0) + " bytes");
        }
        long filePages = channel.size() / PAGE_BYTES;
        TreeWalk walk = new TreeWalk(file, channel, lastPage, filePages);
        long records = walk.walk(data, "tree of records", order, visitor);
        FreeRecords freeRecords = new FreeRecords(file, meta);
        walk.walk(free, "tree of free pages", TreeWalk.Order.INTEGERS, freeRecords);
        BitSet freePages = freeRecords.pages();
        if (freePages.intersects(walk.met())) {
            freePages.and(walk.met());
            throw Damage.found(file, "page " + freePages.nextSetBit(0), "it is in use and among the free pages");
        }
        int missing = freePages.nextClearBit((int) Math.min(filePages, lastPage + 1));
        if (missing <= lastPage) { // LMDB need not write pages that it frees again in the same transaction.
            throw Damage.found(
                    file, "a meta page", "the last page is " + lastPage + ", but the file ends before page " + missing);
        }
        return new Result(records, (long) walk.met().cardinality() * PAGE_BYTES, System.nanoTime() - start);
    }

    /** The head, then the blocks, one behind the other. */
    private static final class LogRecords implements TreeWalk.Visitor {
        private final EntryCodec codec;
        private final BlockReader reader;
        private EntryCodec.Head head = EntryCodec.Head.INITIAL;
        private long nextIndex = -1;
        private long term;

        LogRecords(Path file) {
            codec = new EntryCodec(file);
            reader = new BlockReader(codec);
        }

        @Override
        public void record(ByteBuffer key, ByteBuffer value) {
            long index = key.getLong(0);
            if (index == 0) {
                head = codec.readHead(value);
                return;
            }
            reader.open(index, value);
            if (nextIndex >= 0 && index != nextIndex) {
                throw Damage.found(
                        codec.file(),
                        "the log after entry " + (nextIndex - 1),
                        "the next block begins with entry " + index);
            }
            if (nextIndex < 0 && index != head.anchor().index() + 1) {
                throw Damage.found(
                        codec.file(),
                        "the log",
                        "it begins with entry " + index + " but was cut after " + head.anchor());
            }
            term = Math.max(term, head.anchor().term());
            while (reader.next()) {
                reader.verify();
                if (reader.id().term() < term) {
                    throw Damage.found(
                            codec.file(),
                            "entry " + reader.index(),
                            "its term " + reader.id().term() + " follows " + term);
                }
                term = reader.id().term();
            }
            nextIndex = reader.lastIndex() + 1;
        }

        void end() {
            if (term > head.hardState().currentTerm()) {
                throw Damage.found(
                        codec.file(),
                        "the record of term and vote",
                        "its term is " + head.hardState().currentTerm() + ", but the log has an entry of term " + term);
            }
        }
    }

    private static final class StateRecords implements TreeWalk.Visitor {
        private final Tables tables;
        private boolean hasApplied;

        StateRecords(Path file) {
            tables = new Tables(file);
        }

        @Override
        public void record(ByteBuffer key, ByteBuffer value) {
            if (!Tables.isPrivate(key)) {
                tables.verify(key, value);
            } else if (key.remaining() == 1) {
                tables.readApplied(value);
                hasApplied = true;
            } else {
                tables.readInstalled(value);
            }
        }
    }
}

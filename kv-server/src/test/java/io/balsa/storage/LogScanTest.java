package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.node.DamagedStoreException;
import io.balsa.node.StorageException;
import io.balsa.raft.EntryId;
import io.balsa.raft.LogEntry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/** Logs whose every checksum is right and that no server would have written. */
final class LogScanTest {
    private static final long MAP_BYTES = 1L << 30;

    @TempDir
    Path directory;

    @Test
    void aLogInOrderIsOpened() {
        write(List.of(entry(1, 1), entry(2, 1)), List.of(entry(3, 2)));
        try (LmdbLog log = open()) {
            assertThat(log.last()).isEqualTo(new EntryId(3, 2));
        }
    }

    @Test
    void aTermThatGoesBackWithinABlockIsRefused() {
        write(List.of(entry(1, 2), entry(2, 1)));
        isRefused("entry 2 is damaged: its term 1 follows 2");
    }

    @Test
    void aTermThatGoesBackBetweenBlocksIsRefused() {
        write(List.of(entry(1, 2)), List.of(entry(2, 1)));
        isRefused("entry 1 is damaged: its term 2 is followed by 1");
    }

    @Test
    void aGapIsRefused() {
        write(List.of(entry(1, 1)), List.of(entry(3, 1)));
        isRefused("the log after entry 1 is damaged: the next block begins with entry 3");
    }

    @Test
    void aFirstBlockThatIsMissingIsRefused() {
        write(List.of(entry(5, 1)));
        isRefused("it begins with entry 5 but was cut after");
    }

    /** Not damage: that would set the store aside. */
    @ParameterizedTest
    @CsvSource({"1, 40, 24", "2, 48, 52", "3, 48, 44"})
    void aLogOfAnEarlierFormatIsRefusedByName(byte format, int headBytes, int headerBytes) {
        EntryCodec codec = new EntryCodec(directory);
        ByteBuffer head = ByteBuffer.allocateDirect(headBytes).order(ByteOrder.LITTLE_ENDIAN);
        head.put(0, format).putInt(headBytes - 4, codec.checksum(head, 0, headBytes - 4));
        ByteBuffer block = ByteBuffer.allocateDirect(headerBytes + 17).order(ByteOrder.LITTLE_ENDIAN);
        block.put(0, format).putInt(4, 1).putLong(8, 1).putInt(16, block.capacity());
        block.putInt(headerBytes - 4, codec.checksum(block, 0, headerBytes - 4));
        put(0, head);
        isRefusedAsOfFormat(format);
        put(1, block);
        isRefusedAsOfFormat(format);
    }

    private void isRefusedAsOfFormat(int format) {
        assertThatThrownBy(() -> open().close())
                .isInstanceOf(StorageException.class)
                .isNotInstanceOf(DamagedStoreException.class)
                .hasMessageContaining("was written in format " + format + ", this program knows format 4");
    }

    private void put(long index, ByteBuffer value) {
        ByteBuffer key = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
        key.putLong(0, index);
        try (Env<ByteBuffer> env = Environments.open(directory, MAP_BYTES, MAP_BYTES, EnvFlags.MDB_NOTLS)) {
            env.openDbi((byte[]) null, DbiFlags.MDB_INTEGERKEY).put(key, value);
        }
    }

    private void isRefused(String message) {
        assertThatThrownBy(() -> open().close())
                .isInstanceOf(StorageException.class)
                .hasMessageContaining(message);
    }

    private LmdbLog open() {
        return LmdbLog.open(directory, MAP_BYTES, LmdbLog.Options.DEFAULT, CommitObserver.NONE);
    }

    private static LogEntry entry(long index, long term) {
        return StorageContract.entry(index, term, "command " + index);
    }

    @SafeVarargs
    private void write(List<LogEntry>... blocks) {
        EntryCodec codec = new EntryCodec(directory);
        ByteBuffer key = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
        try (Env<ByteBuffer> env = Environments.open(directory, MAP_BYTES, MAP_BYTES, EnvFlags.MDB_NOTLS)) {
            Dbi<ByteBuffer> dbi = env.openDbi((byte[]) null, DbiFlags.MDB_INTEGERKEY);
            try (Txn<ByteBuffer> txn = env.txnWrite()) {
                for (List<LogEntry> block : blocks) {
                    int bytes = EntryCodec.BLOCK_HEADER_BYTES;
                    for (LogEntry entry : block) {
                        bytes += EntryCodec.sizeOf(entry);
                    }
                    key.putLong(0, block.get(0).index());
                    codec.writeBlock(dbi.reserve(txn, key, bytes), block, 0, block.size(), EntryCodec.Seal.NONE);
                }
                txn.commit();
            }
        }
    }
}

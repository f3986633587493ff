package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.node.DamagedStoreException;
import io.balsa.node.StorageException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

final class TablesTest {
    private final Tables tables = new Tables(Path.of("data.mdb"));

    @Test
    void aValueUnderAnotherKeyIsRefused() {
        byte[] key = "key 1".getBytes(StandardCharsets.UTF_8);
        byte[] value = "value".getBytes(StandardCharsets.UTF_8);
        ByteBuffer stored = ByteBuffer.allocate(Tables.sizeOf(value));
        tables.writeValue(stored, key, value);
        stored.flip();
        assertThat(tables.valueOf(key, stored)).isEqualTo(value);
        byte[] other = "key 2".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> tables.valueOf(other, stored))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("the value of key 0x6b65792032 is damaged");
    }

    @Test
    void whatAnOlderFormatWroteIsNotCalledDamaged() {
        ByteBuffer own = ByteBuffer.allocate(Tables.appliedSize());
        tables.writeApplied(own, 17);
        own.flip();
        assertThat(tables.readApplied(own)).isEqualTo(17);
        own.put(4, (byte) 1);
        assertThatThrownBy(() -> tables.readApplied(own)).isInstanceOf(DamagedStoreException.class);
        CRC32C first = new CRC32C();
        first.update(own.slice(4, own.limit() - 4));
        own.putInt(0, (int) first.getValue());
        assertThatThrownBy(() -> tables.readApplied(own))
                .isNotInstanceOf(DamagedStoreException.class)
                .hasMessageStartingWith("data.mdb was written in format 1, this program knows format 2")
                .hasMessageEndingWith("begin with an empty data directory, which the other servers fill.");
    }
}

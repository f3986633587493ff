package io.balsa.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.balsa.node.StorageException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
}

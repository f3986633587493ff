package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Bodies come in any kind of memory; what they say is the business of {@link BatchContractTest}. */
final class BatchReaderTest {
    private static final byte[] BODY =
            "{\"operations\":[{\"op\":\"get\",\"key\":\"abc\"}]}".getBytes(StandardCharsets.UTF_8);

    @Test
    void aBodyThatIsPartOfAnArrayIsReadInPlace() {
        ByteBuffer within = ByteBuffer.allocate(BODY.length + 20);
        within.position(3);
        ByteBuffer from3 = within.slice();
        from3.position(4).put(BODY).limit(4 + BODY.length).position(4);
        assertThat(from3.arrayOffset()).isEqualTo(3);
        isRead(from3);
    }

    @Test
    void aBodyOutsideTheHeapIsRead() {
        ByteBuffer direct = ByteBuffer.allocateDirect(BODY.length + 4);
        direct.position(4).put(BODY).position(4);
        isRead(direct);
    }

    private static void isRead(ByteBuffer body) {
        ByteBuffer before = body.duplicate();
        List<BatchOperation> operations = BatchReader.read(body);
        assertThat(operations).hasSize(1);
        assertThat(operations.get(0).key).hasToString("abc");
        assertThat(body).isEqualTo(before);
    }
}

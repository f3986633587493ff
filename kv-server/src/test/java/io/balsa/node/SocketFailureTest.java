package io.balsa.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class SocketFailureTest {
    @Test
    void theCallAndItsNumberAreLeftOut() {
        assertThat(reason("bind(..) failed with error(-98): Address already in use"))
                .isEqualTo("Address already in use");
        assertThat(reason("finishConnect(..) failed with error(-111): Connection refused: /127.0.0.1:9"))
                .isEqualTo("Connection refused: /127.0.0.1:9");
    }

    @Test
    void anythingElseStays() {
        assertThat(reason("Connection refused: /127.0.0.1:9")).isEqualTo("Connection refused: /127.0.0.1:9");
        assertThat(reason("it said: bind(..) failed with error(-98): no")).startsWith("it said: bind");
        assertThat(SocketFailure.reason(new IOException())).isEqualTo("null");
    }

    private static String reason(String message) {
        return SocketFailure.reason(new IOException(message));
    }
}

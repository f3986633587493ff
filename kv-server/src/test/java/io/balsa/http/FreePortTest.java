package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Port 0: the system picks, all event loops of an API share what it picked, and no other API does. */
class FreePortTest {
    private static final int EVENT_LOOPS = 4;
    private static final String GET = "GET /v1/kv/name?raw HTTP/1.1\r\nHost: h\r\n\r\n";

    @Test
    void allEventLoopsShareOnePort() throws Exception {
        try (TestServer server = new TestServer(HttpConfig.localhost(0), EVENT_LOOPS)) {
            assertThat(server.port).isEqualTo(server.api.port()).isBetween(1, 65_535);
            server.put("/v1/kv/name", "x");
            for (int i = 0; i < 2 * EVENT_LOOPS; i++) { // Vert.x gives each event loop its turn.
                try (Wire wire = new Wire(server.port)) {
                    assertThat(wire.send(GET).answer())
                            .startsWith("HTTP/1.1 200 ")
                            .endsWith("x");
                }
            }
        }
    }

    @Test
    void everyApiHasAPortOfItsOwnThoughTheyShareAVertx() throws Exception {
        Vertx vertx = Vertx.vertx();
        Set<Integer> ports = new HashSet<>();
        try (TestServer one = new TestServer(vertx, null, HttpConfig.localhost(0), 2);
                TestServer two = new TestServer(vertx, null, HttpConfig.localhost(0), 2);
                TestServer three = new TestServer(vertx, null, HttpConfig.localhost(0), 2)) {
            for (TestServer server : new TestServer[] {one, two, three}) {
                ports.add(server.port);
                server.put("/v1/kv/name", "on port " + server.port);
            }
            for (TestServer server : new TestServer[] {one, two, three}) {
                for (int i = 0; i < 4; i++) {
                    try (Wire wire = new Wire(server.port)) {
                        assertThat(wire.send(GET).answer()).endsWith("on port " + server.port);
                    }
                }
            }
        }
        assertThat(ports).hasSize(3);
    }
}

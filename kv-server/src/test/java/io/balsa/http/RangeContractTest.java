package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.balsa.http.TestServer.Answer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the API promises of listings and of ranges that are deleted; as {@link KeyContractTest}. */
class RangeContractTest {
    @RegisterExtension
    private static final TestServer server = new TestServer();

    @Test
    void aListingPagesThroughAllKeysInOrder() {
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            String key = String.format("page/%02d", i);
            expected.add(key);
            server.put("/v1/kv/" + key, "v" + i);
        }
        for (boolean reverse : new boolean[] {false, true}) {
            List<String> found = new ArrayList<>();
            String cursor = "";
            int pages = 0;
            do {
                JsonNode page = server.get("/v1/kv?prefix=page/&limit=10&keys&reverse=" + reverse + "&cursor=" + cursor)
                        .json();
                page.path("items").forEach(item -> found.add(item.path("key").asText()));
                assertThat(page.at("/items/0").has("value")).isFalse();
                cursor = page.path("cursor").asText();
                pages++;
            } while (!cursor.isEmpty());
            if (reverse) {
                java.util.Collections.reverse(found);
            }
            assertThat(found).isEqualTo(expected);
            assertThat(pages).isEqualTo(3);
        }
        JsonNode bounded =
                server.get("/v1/kv?prefix=page/&start=page/03&end=page/05").json();
        assertThat(bounded.path("items")).hasSize(2);
        assertThat(bounded.at("/items/0/value").asText()).isEqualTo("v3");
        assertThat(bounded.path("more").asBoolean()).isFalse();
        assertThat(server.get("/v1/kv?start=b&end=a").json().path("items")).isEmpty();
        assertThat(server.get("/v1/kv?prefix=page/&count").json().path("count").asInt())
                .isEqualTo(25);
    }

    @Test
    void aDelimiterListsFolders() {
        for (String key : List.of("dir/a/1", "dir/a/2", "dir/b", "dir/c/1")) {
            server.put("/v1/kv/" + key, "x");
        }
        JsonNode listing = server.get("/v1/kv?prefix=dir/&delimiter=/").json();
        assertThat(listing.path("folders").toString()).isEqualTo("[\"dir/a/\",\"dir/c/\"]");
        assertThat(listing.path("items")).hasSize(1);
        assertThat(server.get("/v1/kv?prefix=dir/&delimiter=" + "x".repeat(17)).status())
                .isEqualTo(413);
    }

    @Test
    void aCursorIsGoodForItsOwnQueryOnly() {
        for (int i = 0; i < 3; i++) {
            server.put("/v1/kv/cursor/" + i, "x");
        }
        String cursor = server.get("/v1/kv?prefix=cursor/&limit=1")
                .json()
                .path("cursor")
                .asText();
        assertThat(server.get("/v1/kv?prefix=cursor/&limit=2&cursor=" + cursor).status())
                .isEqualTo(200);
        for (String bad : List.of(
                "prefix=curso&cursor=" + cursor,
                "prefix=cursor/&start=cursor/0&cursor=" + cursor,
                "prefix=cursor/&end=cursor/9&cursor=" + cursor,
                "prefix=cursor/&reverse&cursor=" + cursor,
                "prefix=cursor/&delimiter=/&cursor=" + cursor,
                "prefix=cursor/&cursor=" + cursor.substring(1),
                "prefix=cursor/&cursor=B" + cursor.substring(1),
                "prefix=cursor/&cursor=!")) {
            Answer answer = server.get("/v1/kv?" + bad);
            assertThat(answer.status()).as(bad).isEqualTo(400);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "limit=0",
                "limit=1001",
                "limit=x",
                "limit=",
                "count&limit=1",
                "consistency=strong",
                "wait=1s",
                "prefix=%FF"
            })
    void aListingThatIsNotUnderstoodIsRefused(String query) {
        assertThat(server.get("/v1/kv?" + query).status()).isEqualTo(400);
    }

    @Test
    void aRangeIsDeletedAsAWholeOrNotAtAll() {
        for (int i = 0; i < 3; i++) {
            server.put("/v1/kv/range/" + i, "x");
        }
        assertThat(server.delete("/v1/kv").status()).isEqualTo(400);
        assertThat(server.delete("/v1/kv?prefix=").status()).isEqualTo(400);
        assertThat(server.delete("/v1/kv?prefix=range/&prev").status()).isEqualTo(400);
        assertThat(server.delete("/v1/kv?start=range/1&end=range/2")
                        .json()
                        .path("deleted")
                        .asInt())
                .isEqualTo(1);
        assertThat(server.delete("/v1/kv?prefix=range/").json().path("deleted").asInt())
                .isEqualTo(2);
    }
}

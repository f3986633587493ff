package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RequestTargetTest {
    @ParameterizedTest
    @CsvSource({
        "greeting, /v1/kv/greeting",
        "a/b, /v1/kv/a%2Fb",
        "50%, /v1/kv/50%25",
        "a b, /v1/kv/a%20b",
        "a+b, /v1/kv/a%2Bb",
        "a?b#c&d=e, /v1/kv/a%3Fb%23c%26d%3De",
        "grüße, /v1/kv/gr%C3%BC%C3%9Fe",
        "😀, /v1/kv/%F0%9F%98%80",
        "..., /v1/kv/...",
        ".hidden, /v1/kv/.hidden",
        "%2F, /v1/kv/%252F",
    })
    void keyIsOnePathSegment(String key, String target) {
        assertThat(RequestTarget.key(Key.of(key))).hasToString(target);
    }

    @ParameterizedTest
    @ValueSource(strings = {".", "..", "a//b", "/a", "a/", "a/./b", "../a", "a/..", "/", "//"})
    void keyThatNormalisingWouldChangeTravelsInTheQuery(String key) {
        assertThat(RequestTarget.key(Key.of(key)).toString()).startsWith("/v1/kv?key=");
    }

    @Test
    void everyByteOfAKeyComesBackFromItsTarget() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 1_000; i++) {
            byte[] key = new byte[1 + random.nextInt(20)];
            random.nextBytes(key);
            String target = RequestTarget.key(Key.of(key)).toString();
            String encoded =
                    target.substring(target.startsWith("/v1/kv?key=") ? "/v1/kv?key=".length() : "/v1/kv/".length());
            assertThat(decode(encoded)).as(target).isEqualTo(key);
        }
    }

    @Test
    void parametersFollowEachOther() {
        RequestTarget target = RequestTarget.path("/v1/kv")
                .with("prefix", Key.of("a/"))
                .with("cursor", (Object) null)
                .flag("keys", true)
                .flag("reverse", false)
                .with(Consistency.STALE)
                .withTimeout(Duration.ofMillis(1500));
        assertThat(target).hasToString("/v1/kv?prefix=a%2F&keys&consistency=stale&timeout=1500ms");
    }

    private static byte[] decode(String encoded) {
        StringBuilder latin = new StringBuilder();
        for (int i = 0; i < encoded.length(); i++) {
            char c = encoded.charAt(i);
            if (c == '%') {
                latin.append((char) Integer.parseInt(encoded, i + 1, i + 3, 16));
                i += 2;
            } else {
                latin.append(c);
            }
        }
        return latin.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}

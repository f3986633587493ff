package io.balsa.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class AttemptsTest {
    private final Endpoint endpoint = Endpoint.parse("http://a:1");
    private final Attempts attempts = new Attempts();

    @Test
    void eachEndpointIsOneEntryWithItsLastError() {
        attempts.add(endpoint, "connection refused");
        attempts.add(Endpoint.parse("http://b:2"), "503 no_leader");
        attempts.add(endpoint, "unknown host");
        assertThat(attempts)
                .hasToString("; tried http://a:1 (2 tries, last: unknown host), http://b:2 (503 no_leader)");
    }

    @Test
    void reasonStaysWhenLaterAttemptsAreGivenUp() {
        attempts.add(endpoint, "connection refused");
        attempts.addGivenUp(endpoint, "no connection yet");
        attempts.addGivenUp(endpoint, "no answer yet");
        assertThat(attempts)
                .hasToString("; tried http://a:1 (3 tries, last: no answer yet, before that: connection refused)");
    }

    @Test
    void givingUpTwiceForTheSameReasonIsSaidOnce() {
        attempts.addGivenUp(endpoint, "no answer yet");
        attempts.addGivenUp(endpoint, "no answer yet");
        assertThat(attempts).hasToString("; tried http://a:1 (2 tries, last: no answer yet)");
    }
}

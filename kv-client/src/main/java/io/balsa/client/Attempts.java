package io.balsa.client;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What came of each endpoint within one call; one line each, however often it was tried. Not thread-safe. */
final class Attempts {
    private static final String GIVEN_UP = ", before that: ";

    private final Map<Endpoint, Attempt> byEndpoint = new LinkedHashMap<>();

    void add(Endpoint endpoint, String error) {
        Attempt earlier = byEndpoint.get(endpoint);
        int tries = earlier == null ? 1 : earlier.tries() + 1;
        byEndpoint.put(endpoint, new Attempt(endpoint.url(), tries, error));
    }

    /** The attempt under way was given up; what an earlier one ended with says more, so it stays in the message. */
    void addGivenUp(Endpoint endpoint, String error) {
        Attempt earlier = byEndpoint.get(endpoint);
        String reason = earlier == null ? error : earlier.lastError();
        int at = reason.indexOf(GIVEN_UP);
        reason = at < 0 ? reason : reason.substring(at + GIVEN_UP.length());
        add(endpoint, reason.equals(error) ? error : error + GIVEN_UP + reason);
    }

    /** What was noted last was {@code error}; it turned out to be {@code truly}. */
    void amend(Endpoint endpoint, String error, String truly) {
        byEndpoint.computeIfPresent(
                endpoint,
                (key, noted) -> noted.lastError().startsWith(error)
                        ? new Attempt(
                                noted.endpoint(),
                                noted.tries(),
                                truly + noted.lastError().substring(error.length()))
                        : noted);
    }

    List<Attempt> list() {
        return List.copyOf(byEndpoint.values());
    }

    /** {@code ; tried A (why), B (why)}, or nothing when none was tried. */
    @Override
    public String toString() {
        return byEndpoint.isEmpty()
                ? ""
                : "; tried "
                        + byEndpoint.values().stream().map(Attempt::toString).collect(Collectors.joining(", "));
    }
}

package io.balsa.client;

/**
 * What came of the tries at one endpoint.
 *
 * @param endpoint {@code http://host:port}
 * @param tries how often it was asked
 * @param lastError what the last try ended with, in words
 */
public record Attempt(String endpoint, int tries, String lastError) {
    @Override
    public String toString() {
        return endpoint + " (" + (tries > 1 ? tries + " tries, last: " : "") + lastError + ")";
    }
}

package io.balsa.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What one answer proves. */
sealed interface Verdict {
    /** The server did what was asked. */
    record Done(HttpTransport.Reply reply) implements Verdict {}

    /** Not applied here; ask {@code leader}. */
    record Elsewhere(Endpoint leader) implements Verdict {}

    /**
     * Not applied, and it will not be.
     *
     * @param delay what the server asked to wait before the next try; zero when it did not
     * @param leader the server to ask instead; null when not given
     */
    record Refused(
            Problem problem,
            String text,
            boolean retryable,
            Duration delay,
            @Nullable Endpoint leader) implements Verdict {}

    /** It may have been applied, or may yet be. */
    record Unknown(String code, String text) implements Verdict {}

    static Verdict of(HttpTransport.Reply reply) {
        int status = reply.status();
        if (status >= 200 && status < 300) {
            return new Done(reply);
        }
        if (status == 307 || status == 308) {
            Endpoint leader = Endpoint.ofLocation(reply.location());
            // A redirect is an answer instead of the work, whether or not it can be followed.
            return leader != null
                    ? new Elsewhere(leader)
                    : new Refused(
                            Problem.read(reply.body()),
                            status + " without a usable Location",
                            true,
                            Duration.ZERO,
                            null);
        }
        Problem problem = Problem.read(reply.body());
        String text = status
                + (problem.code().isEmpty() ? "" : " " + problem.code())
                + (problem.detail().isEmpty() ? "" : ": " + OneLine.of(problem.detail()));
        // Without a problem document the answer comes from something between. 4xx: it never reached a server.
        boolean strangerRefused = problem.code().isEmpty() && status >= 400 && status < 500 && status != 408;
        if (problem.notApplied() || strangerRefused) {
            boolean retryable = problem.retryable() || (strangerRefused && status == 429);
            Endpoint leader = problem.leader() == null ? null : Endpoint.ofLocation(problem.leader());
            return new Refused(problem, text, retryable, retryAfter(reply), leader);
        }
        return new Unknown(problem.code().isEmpty() ? "http_" + status : problem.code(), text);
    }

    private static Duration retryAfter(HttpTransport.Reply reply) {
        String header = reply.retryAfter();
        // At most nine digits: an int. The other form, a date, is not worth the clock comparison.
        boolean seconds =
                !header.isEmpty() && header.length() <= 9 && header.chars().allMatch(c -> c >= '0' && c <= '9');
        return seconds ? Duration.ofSeconds(Integer.parseInt(header)) : Duration.ZERO;
    }
}

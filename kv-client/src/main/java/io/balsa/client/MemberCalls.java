package io.balsa.client;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The requests that change who belongs to a cluster, and who leads it. */
final class MemberCalls {
    private static final byte[] NO_BYTES = new byte[0];

    private MemberCalls() {}

    static Calls.Call<ClusterStatus> add(
            String id, String raftAddress, boolean promote, @Nullable Long revision, CallOptions options) {
        String body =
                "{\"id\":" + quoted(id) + ",\"raftAddress\":" + quoted(raftAddress) + ",\"promote\":" + promote + "}";
        return change("add member", id, "POST", "/v1/cluster/members", utf8(body), revision, options);
    }

    static Calls.Call<ClusterStatus> remove(String id, @Nullable Long revision, CallOptions options) {
        return change("remove member", id, "DELETE", path(id), NO_BYTES, revision, options);
    }

    static Calls.Call<ClusterStatus> promote(String id, @Nullable Long revision, CallOptions options) {
        return change("promote member", id, "POST", path(id) + "/promote", NO_BYTES, revision, options);
    }

    static Calls.Call<String> transfer(@Nullable String target, CallOptions options) {
        byte[] body = target == null ? NO_BYTES : utf8("{\"target\":" + quoted(target) + "}");
        String full = RequestTarget.path("/v1/cluster/leader")
                .withTimeout(options.deadline())
                .toString();
        return new Calls.Call<>(
                new Operation<>(
                        "transfer leadership",
                        target == null ? null : Key.of(target),
                        false,
                        false,
                        () -> new HttpTransport.Request("POST", full, Map.of(), () -> body),
                        null,
                        StatusAnswers::newLeader),
                options);
    }

    private static Calls.Call<ClusterStatus> change(
            String verb,
            String id,
            String method,
            String path,
            byte[] body,
            @Nullable Long revision,
            CallOptions options) {
        String full = RequestTarget.path(path).withTimeout(options.deadline()).toString();
        Map<String, String> headers = revision == null ? Map.of() : Map.of("If-Match", "\"" + revision + "\"");
        return new Calls.Call<>(
                new Operation<>(
                        verb,
                        Key.of(id),
                        false,
                        false,
                        () -> new HttpTransport.Request(method, full, headers, () -> body),
                        null,
                        StatusAnswers::cluster),
                options);
    }

    private static String path(String id) {
        if (!id.matches("n[1-9][0-9]{0,8}")) {
            throw new IllegalArgumentException("'" + id + "' is not a server's id; it looks like n1, n2, n3");
        }
        return "/v1/cluster/members/" + id;
    }

    private static String quoted(String text) {
        if (!text.matches("[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,300}")) {
            throw new IllegalArgumentException("'" + OneLine.of(text) + "' is neither an id nor an address");
        }
        return '"' + text + '"';
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

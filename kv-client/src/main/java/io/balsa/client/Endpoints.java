package io.balsa.client;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The servers that the client knows, and which of them to ask. Thread-safe.
 *
 * <p>A write and a read by lease go to the leader when it is known. Everything else goes to one preferred server, chosen at random so that
 * many clients spread, and kept until it fails: a client that changed servers on every call would run into a dead one on
 * every third.
 */
final class Endpoints {
    private final List<Endpoint> configured;
    private int preferred;
    private @Nullable Endpoint leader;
    private final Map<Endpoint, Long> heardAtNanos = new ConcurrentHashMap<>();

    Endpoints(List<Endpoint> configured) {
        this.configured = configured.stream().distinct().toList();
        this.preferred = ThreadLocalRandom.current().nextInt(this.configured.size());
    }

    /** The server to ask next; null when each was tried already. */
    synchronized @Nullable Endpoint choose(boolean wantsLeader, Set<Endpoint> tried) {
        if (wantsLeader && leader != null && !tried.contains(leader)) {
            return leader;
        }
        for (int i = 0; i < configured.size(); i++) {
            Endpoint candidate = configured.get((preferred + i) % configured.size());
            if (!tried.contains(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    synchronized void leaderIs(Endpoint endpoint) {
        leader = endpoint;
    }

    synchronized void forgetLeader() {
        leader = null;
    }

    /** It did not serve: it does not lead any more as far as this client knows, and the others come before it. */
    synchronized void failed(Endpoint endpoint) {
        if (endpoint.equals(leader)) {
            leader = null;
        }
        if (configured.get(preferred).equals(endpoint)) {
            preferred = (preferred + 1) % configured.size();
        }
    }

    synchronized @Nullable Endpoint leader() {
        return leader;
    }

    boolean areSeveral() {
        return configured.size() > 1;
    }

    List<Endpoint> othersThan(Endpoint endpoint) {
        return configured.stream().filter(other -> !other.equals(endpoint)).toList();
    }

    /** It answered something just now. */
    void heardFrom(Endpoint endpoint) {
        heardAtNanos.put(endpoint, System.nanoTime());
    }

    /** Since its last answer; Long.MAX_VALUE when there was none. */
    long silentNanos(Endpoint endpoint, long nowNanos) {
        Long heard = heardAtNanos.get(endpoint);
        return heard == null ? Long.MAX_VALUE : nowNanos - heard;
    }
}

package io.balsa.raft;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A server's part in comparing states. Entries are applied by the server's owner, who tells here what the state hashes to
 * behind each; the leader asks all servers for one index at a time ({@link Comparisons}) and tells which hash a majority
 * of the voters agrees on. Each server then judges itself, by what it has itself answered: so a message that is lost, late,
 * doubled or from another time can hold back a judgement, and never bring a wrong one about.
 */
public final class Digests {
    private long lastIndex;
    private long lastHash;

    /** Of the last question. It only grows: a leader asks for what is committed in its own term. */
    private long askedIndex;

    private Digest answer = Digest.NONE;
    private Digest judged = Digest.NONE;
    private long equalIndex;
    private long comparisons;
    private long differences;
    private @Nullable Divergence own;
    private List<Divergence> unreported = new ArrayList<>();

    /** The state has applied an entry and hashes to this; also at a start, of the last one. */
    public void applied(long index, long hash) {
        lastIndex = index;
        lastHash = hash;
        if (index == askedIndex) {
            answer = new Digest(index, hash);
        }
    }

    /** The state is another one: that of a snapshot. What was said of the old one says nothing of it. */
    public void replaced(long index, long hash) {
        answer = Digest.NONE;
        applied(index, hash);
    }

    /** A question comes when the entry was just applied, or before; one that comes later is not answered. */
    void asked(long index) {
        if (index > askedIndex) {
            askedIndex = index;
            if (index == lastIndex) {
                answer = new Digest(index, lastHash);
            }
        }
    }

    /** The newest answer, {@link Digest#NONE} at first. */
    Digest answer() {
        return answer;
    }

    /** A majority of the voters agrees on this. */
    void agreed(NodeId self, Digest majority) {
        if (majority.index() == 0 || majority.index() != answer.index() || majority.equals(judged)) {
            return;
        }
        judged = majority;
        comparisons++;
        if (majority.equals(answer)) {
            equalIndex = majority.index();
        } else {
            Map<NodeId, Long> said = new TreeMap<>();
            said.put(self, answer.hash());
            own = new Divergence(majority.index(), said, majority.hash());
        }
    }

    void differ(Divergence found, int servers) {
        differences += servers;
        unreported.add(found);
    }

    /** Not null: this server's own state is not what a majority of the voters has. It must not serve anyone any more. */
    public @Nullable Divergence own() {
        return own;
    }

    /** What this leader has found since the last call. */
    public List<Divergence> takeFound() {
        if (unreported.isEmpty()) {
            return List.of();
        }
        List<Divergence> found = unreported;
        unreported = new ArrayList<>();
        return found;
    }

    /** The last index at which this server's state was what a majority of the voters had; 0: none yet. */
    public long equalIndex() {
        return equalIndex;
    }

    /** How often this server's state was compared with what a majority had. */
    public long comparisons() {
        return comparisons;
    }

    /** How often this server, as the leader, found another's state to differ. */
    public long differences() {
        return differences;
    }
}

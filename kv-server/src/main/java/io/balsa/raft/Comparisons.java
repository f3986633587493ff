package io.balsa.raft;

import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The leader's part in comparing states: one question at a time, for the state behind one entry, so that all answers are about
 * the same. It travels with every AppendEntries, the answers with the replies. Beside the question goes the last hash that a
 * majority of the voters agreed on, by which each server judges itself ({@link Digests}). Learners are judged and do not
 * count. Where no majority agrees, as between two servers, nobody is judged.
 */
final class Comparisons {
    /** In longest election timeouts; then the next question comes, whoever is behind. */
    private static final int PATIENCE = 10;

    private final Raft raft;
    private final Map<NodeId, Progress> peers;
    private final long firstIndex;
    private final TreeMap<NodeId, Long> answers = new TreeMap<>();
    private final TreeSet<NodeId> different = new TreeSet<>();

    /** Whose state is not this server's, and no majority has said yet which of the two is wrong. */
    private final TreeSet<NodeId> disputed = new TreeSet<>();

    private long askedIndex;
    private int ticksSinceAsked;
    private Digest agreed = Digest.NONE;

    /** @param firstIndex of the leader's own term */
    Comparisons(Raft raft, Map<NodeId, Progress> peers, long firstIndex) {
        this.raft = raft;
        this.peers = peers;
        this.firstIndex = firstIndex;
    }

    /** 0: nothing is asked yet. */
    long askedIndex() {
        return askedIndex;
    }

    /** {@link Digest#NONE}: no majority has agreed yet. */
    Digest agreed() {
        return agreed;
    }

    /**
     * This server's state may be the wrong one. Then it must not become anyone else's: a server that is filled from it agrees
     * with it, and the two may be a majority.
     */
    boolean inDoubt() {
        return !disputed.isEmpty();
    }

    void tick() {
        ticksSinceAsked++;
    }

    /** With each heartbeat: looks at the answers, and asks for what is committed by now when the last question is done with. */
    void next() {
        judge();
        long commitIndex = raft.commitIndex();
        boolean impatient = ticksSinceAsked >= PATIENCE * raft.config().electionTicksMax();
        if (commitIndex >= firstIndex && commitIndex > askedIndex && (askedIndex == 0 || impatient || allAgree())) {
            askedIndex = commitIndex;
            ticksSinceAsked = 0;
            answers.clear();
            different.clear();
            raft.digests().asked(askedIndex);
        }
    }

    void answered(NodeId from, Digest digest) {
        if (askedIndex > 0 && digest.index() == askedIndex) {
            Long before = answers.put(from, digest.hash());
            if (before == null || before != digest.hash()) {
                judge();
            }
        }
    }

    /** What was known of that peer's state is no longer so: its disk is another one. */
    void forget(NodeId peer) {
        answers.remove(peer);
        different.remove(peer);
        disputed.remove(peer);
    }

    /** Everyone that is there; who does not answer anything is not waited for. */
    private boolean allAgree() {
        if (agreed.index() != askedIndex || !answers.containsKey(raft.self())) {
            return false;
        }
        for (Map.Entry<NodeId, Progress> peer : peers.entrySet()) {
            boolean there = peer.getValue().ticksSinceContact < raft.config().electionTicksMin();
            if (there && !answers.containsKey(peer.getKey())) {
                return false;
            }
        }
        for (long hash : answers.values()) {
            if (hash != agreed.hash()) {
                return false;
            }
        }
        return true;
    }

    private void judge() {
        Digest mine = raft.digests().answer();
        if (askedIndex == 0 || raft.membership().revision() > raft.commitIndex()) {
            return; // Who the voters are is being decided.
        }
        if (mine.index() == askedIndex) {
            answers.put(raft.self(), mine.hash());
        }
        Long majority = majority();
        if (majority != null) {
            agreed = new Digest(askedIndex, majority);
            raft.digests().agreed(raft.self(), agreed);
        }
        report(majority);
    }

    private @Nullable Long majority() {
        Map<Long, Integer> votes = new TreeMap<>();
        for (NodeId voter : raft.membership().voters()) {
            Long hash = answers.get(voter);
            if (hash != null
                    && votes.merge(hash, 1, Integer::sum) >= raft.membership().majority()) {
                return hash;
            }
        }
        return null;
    }

    /** Each server once a question; where no majority agrees, whoever differs from this one. */
    private void report(@Nullable Long majority) {
        Long standard = majority == null ? answers.get(raft.self()) : majority;
        if (standard == null) {
            return;
        }
        int before = different.size();
        answers.forEach((server, hash) -> {
            if (!hash.equals(standard)) {
                different.add(server);
            }
        });
        if (majority != null) {
            disputed.clear();
        } else {
            disputed.addAll(different);
        }
        if (different.size() > before) {
            raft.digests().differ(new Divergence(askedIndex, answers, majority), different.size() - before);
        }
    }
}

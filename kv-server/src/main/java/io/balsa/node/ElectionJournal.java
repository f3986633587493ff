package io.balsa.node;

import io.balsa.raft.NodeId;
import io.balsa.raft.Transition;
import io.balsa.raft.Vote;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what this server knows of the last elections. It is told facts on the Raft thread, takes the times itself, and hands
 * each election on when nothing more is expected of it; {@link #elections} may be called by any thread.
 */
public final class ElectionJournal {
    /** Elections that are kept. */
    public static final int KEPT = 1_000;

    /** Takes elections, on the Raft thread, so it must not wait for a disk. */
    @FunctionalInterface
    public interface Sink {
        /**
         * An election is complete; one with the same number, if it was taken before, is replaced.
         *
         * @param amended only a late vote is new
         */
        void keep(Election election, boolean amended);
    }

    private static final int VOTES_MAX = 64;

    /** Late votes, and what a pause watch has to say of a pause that has just ended, still come in. */
    private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private static final long NOT_KNOWN = -1;

    /** An election that may still change. */
    private static final class Draft {
        final long number;
        final long term;
        final int attempts;
        final long atMillis;
        final long beganNanos;
        final List<Vote> votes = new ArrayList<>();
        final @Nullable NodeId previousLeader;
        final long previousTerm;
        final long heartbeatAgeNanos;
        Election.@Nullable Trigger trigger;
        /** Others asked this server for votes; it did not do anything itself. */
        boolean isHearsay = true;

        @Nullable
        NodeId leader;

        long durationNanos = NOT_KNOWN;
        long leaderlessNanos = NOT_KNOWN;
        long closesAtNanos;

        Draft(
                long number,
                long term,
                int attempts,
                long atMillis,
                long beganNanos,
                @Nullable NodeId previousLeader,
                long previousTerm,
                long heartbeatAgeNanos) {
            this.number = number;
            this.term = term;
            this.attempts = attempts;
            this.atMillis = atMillis;
            this.beganNanos = beganNanos;
            this.previousLeader = previousLeader;
            this.previousTerm = previousTerm;
            this.heartbeatAgeNanos = heartbeatAgeNanos;
        }
    }

    private final NodeId self;
    private final LongSupplier nanoClock;
    private final LongSupplier wallMillis;
    private final Gaps pauses;
    private final Gaps commits;
    private final Sink sink;
    /** A leader that stood still for this long may have lost its followers. */
    private final long stallNanosMin;

    private final long electionNanosMax;
    private final long quietNanos;
    private final ArrayList<Election> closed = new ArrayList<>();

    /** Pre-votes for a later election than the one that is not over; begun only when it is. */
    private final List<Vote> ahead = new ArrayList<>();

    private long nextNumber = 1;
    private @Nullable Draft draft;
    private @Nullable NodeId leader;
    private long leaderTerm;
    private boolean heard;
    private long heardNanos;
    /** Why there is no leader; null while there is one. */
    private Election.@Nullable Trigger cause;

    /**
     * A journal that goes on from what was kept.
     *
     * @param kept as {@link #elections} returned them, oldest first
     * @param nanoClock monotonic
     * @param wallMillis of the wall clock, only shown
     * @param pauses of this process
     * @param commits of the log
     */
    public ElectionJournal(
            NodeId self,
            Timeouts timeouts,
            List<Election> kept,
            LongSupplier nanoClock,
            LongSupplier wallMillis,
            Gaps pauses,
            Gaps commits,
            Sink sink) {
        this.self = self;
        this.nanoClock = nanoClock;
        this.wallMillis = wallMillis;
        this.pauses = pauses;
        this.commits = commits;
        this.sink = sink;
        // Heartbeats before and after a pause are further apart by one interval.
        stallNanosMin = TimeUnit.MILLISECONDS.toNanos(timeouts.electionMillisMin() - timeouts.heartbeatMillis());
        electionNanosMax = TimeUnit.MILLISECONDS.toNanos(timeouts.electionMillisMax());
        quietNanos = Math.max(TimeUnit.SECONDS.toNanos(2), 2 * electionNanosMax);
        for (Election election : kept) {
            closed.add(election);
            nextNumber = Math.max(nextNumber, election.number() + 1);
            if (election.leader() != null) {
                leader = election.leader();
                leaderTerm = election.term();
            }
        }
        heardNanos = nanoClock.getAsLong();
    }

    /** Every election, oldest first; the last one may not be over. */
    public synchronized List<Election> elections() {
        List<Election> all = new ArrayList<>(closed);
        if (draft != null) {
            all.add(electionOf(draft));
        }
        return all;
    }

    /** The leader of the current term was heard from. */
    public synchronized void heardFromLeader() {
        heard = true;
        heardNanos = nanoClock.getAsLong();
    }

    /** Time has passed. */
    public synchronized void turn() {
        if (draft != null && nanoClock.getAsLong() - draft.closesAtNanos >= 0) {
            close(draft);
        }
    }

    public synchronized void vote(Vote vote) {
        Draft undecided = draft;
        if (vote.preVote() && undecided != null && undecided.leader == null && undecided.term < vote.term()) {
            add(ahead, vote);
            return;
        }
        Draft open = open(vote.term(), null);
        if (open != null) {
            add(open.votes, vote);
            return;
        }
        // A turn may bring votes and then the ends of several elections; of those the journal hears first.
        for (int i = closed.size() - 1; i >= 0 && closed.get(i).term() >= vote.term(); i--) {
            Election over = closed.get(i);
            if (over.term() == vote.term()) {
                List<Vote> votes = new ArrayList<>(over.votes());
                add(votes, vote);
                closed.set(i, over.withVotes(votes));
                sink.keep(closed.get(i), true);
                return;
            }
        }
    }

    private static void add(List<Vote> votes, Vote vote) {
        for (int i = 0; i < votes.size(); i++) {
            Vote known = votes.get(i);
            if (known.candidate().equals(vote.candidate())
                    && known.voter().equals(vote.voter())
                    && known.preVote() == vote.preVote()) {
                // A vote that was given stays given, also when a repeated request for it was refused meanwhile.
                boolean given = known.verdict() == Vote.Verdict.GRANTED && !known.preVote();
                if (vote.verdict() != Vote.Verdict.ASKED && !given) {
                    votes.set(i, vote);
                }
                return;
            }
        }
        if (votes.size() < VOTES_MAX) {
            votes.add(vote);
        }
    }

    /** This server changed its role, its term or its leader. */
    public synchronized void transition(Transition transition) {
        long term = transition.term();
        switch (transition.trigger()) {
            case STARTED -> cause = Election.Trigger.STARTED;
            case FORMED, ELECTION_TIMEOUT -> open(term + 1, Election.Trigger.TIMEOUT);
            case CONNECTION_CLOSED -> open(term + 1, Election.Trigger.CONNECTION_CLOSED);
            case LEADER_TRANSFER -> {
                cause = null; // The old leader wants it, whatever happened before.
                candidate(term, Election.Trigger.TRANSFER);
            }
            case PRE_VOTE_WON -> candidate(term, Election.Trigger.TIMEOUT);
            case NO_MAJORITY_CONTACT -> {
                lostLeadership();
                open(term + 1, Election.Trigger.CHECK_QUORUM);
            }
            case REMOVED -> lostLeadership(); // It hands over before; whoever follows says why.
            case VOTED, HIGHER_TERM -> {
                if (self.equals(leader) && cause == null) {
                    lostLeadership();
                }
                open(term, Election.Trigger.OTHER_SERVER);
            }
            case ELECTION_WON, FOUND_LEADER -> {
                if (transition.leader() != null) {
                    found(transition.leader(), term);
                }
            }
        }
    }

    private void lostLeadership() {
        heard = true;
        heardNanos = nanoClock.getAsLong();
    }

    private void candidate(long term, Election.Trigger trigger) {
        Draft open = open(term, trigger);
        if (open != null) {
            if (trigger == Election.Trigger.TRANSFER) {
                open.trigger = trigger;
            }
            add(open.votes, new Vote(term, self, self, false, Vote.Verdict.GRANTED));
        }
    }

    /**
     * The election of {@code term}, begun now if need be; null when it is over.
     *
     * @param trigger null: a vote, which says nothing of this server's own reasons
     */
    private @Nullable Draft open(long term, Election.@Nullable Trigger trigger) {
        if (trigger != null && (cause == null || cause == Election.Trigger.OTHER_SERVER)) {
            cause = trigger;
        }
        if (trigger != null) {
            setHearsayAside(term);
        }
        Draft open = draft;
        if (open != null && open.term > term) {
            return null;
        }
        if (open == null || open.term < term) {
            Election last = last();
            boolean isOver = last != null && (last.term() > term || (last.term() == term && last.leader() != null));
            if (isOver || term <= leaderTerm) {
                return null;
            }
            open = begin(term);
        }
        if (open.trigger == null || open.trigger == Election.Trigger.OTHER_SERVER) {
            open.trigger = cause;
        }
        open.isHearsay &= trigger == null;
        if (open.leader == null) {
            open.closesAtNanos = nanoClock.getAsLong() + quietNanos;
        }
        return open;
    }

    /** Of a later term than {@code term}, in which this server itself does something, it has only heard. */
    private void setHearsayAside(long term) {
        Draft later = draft;
        if (later != null && later.term > term && later.isHearsay && later.attempts == 0) {
            later.votes.forEach(vote -> add(ahead, vote));
            draft = null;
            nextNumber = later.number;
        }
    }

    /** What was begun before is over; what came to nothing in the same term begins anew, under the same number. */
    private Draft begin(long term) {
        if (draft != null) {
            close(draft);
        }
        Election last = last();
        boolean again = last != null && last.term() == term && last.leader() == null;
        Draft begun = newDraft(term, again ? closed.remove(closed.size() - 1) : null, nanoClock.getAsLong());
        draft = begun;
        for (Vote vote : ahead) {
            if (vote.term() == term) {
                add(begun.votes, vote);
            }
        }
        ahead.removeIf(vote -> vote.term() <= term);
        return begun;
    }

    private Draft newDraft(long term, @Nullable Election before, long now) {
        boolean mayKnowAge = heard && !self.equals(leader);
        return new Draft(
                before == null ? nextNumber++ : before.number(),
                term,
                before == null ? 0 : before.attempts() + 1,
                wallMillis.getAsLong(),
                now,
                leader,
                leaderTerm,
                mayKnowAge ? now - heardNanos : NOT_KNOWN);
    }

    private void found(NodeId found, long term) {
        long now = nanoClock.getAsLong();
        if (!found.equals(leader) || term != leaderTerm) {
            Draft open = draft;
            if (open == null || open.term != term) {
                open = begin(term); // Perhaps after an attempt at a later one, begun under the leader before.
            }
            if (open.trigger == null) {
                open.trigger = cause;
            }
            open.leader = found;
            open.durationNanos = now - open.beganNanos;
            open.leaderlessNanos = now - heardNanos;
            leader = found;
            leaderTerm = term;
        }
        if (draft != null) {
            draft.closesAtNanos = now + SETTLE_NANOS;
        }
        cause = null;
        heard = true;
        heardNanos = now;
    }

    private void close(Draft open) {
        draft = null;
        keep(electionOf(open));
    }

    private @Nullable Election last() {
        return closed.isEmpty() ? null : closed.get(closed.size() - 1);
    }

    private void keep(Election election) {
        closed.add(election);
        while (closed.size() > KEPT) {
            closed.remove(0);
        }
        sink.keep(election, false);
    }

    private Election electionOf(Draft open) {
        long since = open.beganNanos - Math.max(open.heartbeatAgeNanos, 0) - electionNanosMax;
        long pause = pauses.longestSince(since);
        long commit = commits.longestSince(since);
        Election.Trigger trigger = open.trigger == null ? Election.Trigger.OTHER_SERVER : open.trigger;
        if (self.equals(open.previousLeader) && trigger != Election.Trigger.STARTED) {
            trigger = pause >= stallNanosMin
                    ? Election.Trigger.PAUSE
                    : commit >= stallNanosMin ? Election.Trigger.DISK : trigger;
        }
        return new Election(
                open.number,
                self,
                open.term,
                open.atMillis,
                trigger,
                open.previousLeader,
                open.previousTerm,
                open.leader,
                millis(open.heartbeatAgeNanos),
                millis(pause),
                millis(commit),
                millis(open.durationNanos),
                millis(open.leaderlessNanos),
                open.attempts,
                open.votes);
    }

    private static long millis(long nanos) {
        return nanos < 0 ? NOT_KNOWN : TimeUnit.NANOSECONDS.toMillis(nanos);
    }
}

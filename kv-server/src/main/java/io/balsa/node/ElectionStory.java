package io.balsa.node;

import io.balsa.node.Election.Trigger;
import io.balsa.raft.NodeId;
import io.balsa.raft.Vote;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One term's election, put together from what several servers know of it, and told in one sentence.
 *
 * @param trigger the best explanation that any of them has
 * @param leader null: nobody won, as far as they know
 * @param previousLeader null: not known
 * @param durationMillis by the winner's clock, from when the election began for it; -1: not known
 * @param leaderlessMillis by the winner's clock, from when it had last heard from the previous leader; -1: not known
 * @param parts what each server knows, in the order of their ids
 */
public record ElectionStory(
        long term,
        long atMillis,
        Trigger trigger,
        @Nullable NodeId leader,
        @Nullable NodeId previousLeader,
        long durationMillis,
        long leaderlessMillis,
        String sentence,
        List<Election> parts) {

    /** By term, the latest first; of several records of one server for a term the last counts. */
    public static NavigableMap<Long, ElectionStory> byTerm(List<Election> known) {
        TreeMap<Long, TreeMap<NodeId, Election>> parts = new TreeMap<>(Comparator.reverseOrder());
        for (Election election : known) {
            parts.computeIfAbsent(election.term(), term -> new TreeMap<>())
                    .merge(election.node(), election, (one, other) -> one.number() > other.number() ? one : other);
        }
        TreeMap<Long, ElectionStory> stories = new TreeMap<>(Comparator.reverseOrder());
        parts.forEach((term, each) -> stories.put(term, of(List.copyOf(each.values()))));
        return stories;
    }

    /** The story of one term; {@code parts} has one record of each server that knows of it, at least one. */
    public static ElectionStory of(List<Election> parts) {
        NodeId leader = first(parts, Election::leader);
        Election winner = partOf(parts, leader);
        NodeId previous = winner != null && winner.previousLeader() != null
                ? winner.previousLeader()
                : first(parts, Election::previousLeader);
        Election deposed = partOf(parts, previous);
        Election best = winner != null ? winner : mostInformed(parts);
        Trigger trigger = trigger(best, deposed);
        long leaderless = best.leaderlessMillis();
        Words words = new Words(parts, best, leader, previous, deposed, trigger, leaderless);
        return new ElectionStory(
                best.term(),
                best.atMillis(),
                trigger,
                leader,
                previous,
                best.durationMillis(),
                leaderless,
                leader == null ? words.withoutWinner() : words.withWinner(),
                parts);
    }

    private interface Field {
        @Nullable
        NodeId of(Election part);
    }

    private static @Nullable NodeId first(List<Election> parts, Field field) {
        for (Election part : parts) {
            NodeId value = field.of(part);
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    private static @Nullable Election partOf(List<Election> parts, @Nullable NodeId node) {
        for (Election part : parts) {
            if (part.node().equals(node)) {
                return part;
            }
        }
        return null;
    }

    /** One that called the election rather than one that was asked. */
    private static Election mostInformed(List<Election> parts) {
        for (Election part : parts) {
            if (part.trigger() != Trigger.OTHER_SERVER) {
                return part;
            }
        }
        return parts.get(0);
    }

    /** What the deposed leader found out about itself says more than that it was not heard from. */
    private static Trigger trigger(Election best, @Nullable Election deposed) {
        if (best.trigger() == Trigger.TRANSFER || deposed == null) {
            return best.trigger();
        }
        return switch (deposed.trigger()) {
            case PAUSE, DISK -> deposed.trigger();
            case CHECK_QUORUM -> best.trigger() == Trigger.TIMEOUT ? Trigger.CHECK_QUORUM : best.trigger();
            default -> best.trigger();
        };
    }

    private record Words(
            List<Election> parts,
            Election best,
            @Nullable NodeId leader,
            @Nullable NodeId previous,
            @Nullable Election deposed,
            Trigger trigger,
            long leaderlessMillis) {

        String withWinner() {
            String what = previous == null
                    ? leader + " was elected in term "
                    : previous.equals(leader)
                            ? leader + " was elected again in term "
                            : leader + " took over from " + previous + " in term ";
            List<String> clauses = new ArrayList<>();
            clauses.add(cause());
            clauses.addAll(votes(false));
            if (leaderlessMillis >= 0) {
                clauses.add(leaderlessMillis + " ms without a leader");
            }
            return what + best.term() + ": " + String.join("; ", clauses) + ".";
        }

        String withoutWinner() {
            List<String> clauses = new ArrayList<>();
            clauses.add(cause());
            List<String> real = votes(false);
            clauses.addAll(real.isEmpty() ? votes(true) : real);
            return "Nobody is known to have won term " + best.term() + ": " + String.join("; ", clauses) + ".";
        }

        private String cause() {
            String old = previous == null ? "its leader" : previous.toString();
            return switch (trigger) {
                case TRANSFER -> old + " handed its leadership over";
                case PAUSE -> old + "'s process was paused for " + stall(Election::pauseMillis) + " ms";
                case DISK -> old + "'s disk took " + stall(Election::commitMillis) + " ms for a commit";
                case CHECK_QUORUM -> old + " heard from no majority for an election timeout";
                case CONNECTION_CLOSED -> old + "'s process closed its connection";
                case STARTED -> best.node() + " had been started and knew no leader";
                case OTHER_SERVER -> best.node() + " was asked or told by another server";
                case TIMEOUT ->
                    best.node() + " had heard nothing from " + old
                            + (best.heartbeatAgeMillis() < 0 ? "" : " for " + best.heartbeatAgeMillis() + " ms")
                            + (isRestarted() ? ", which has been started again since" : "");
            };
        }

        private interface Millis {
            long of(Election part);
        }

        private long stall(Millis millis) {
            return millis.of(deposed == null ? best : deposed);
        }

        private boolean isRestarted() {
            return deposed != null && deposed.trigger() == Trigger.STARTED;
        }

        /** Who voted for whom, but for those who voted for themselves and won. */
        private List<String> votes(boolean preVotes) {
            List<String> clauses = new ArrayList<>();
            TreeMap<NodeId, TreeMap<NodeId, Vote>> byCandidate = lastWords(preVotes);
            byCandidate.forEach((candidate, votes) -> {
                boolean won = candidate.equals(leader);
                List<String> granted = new ArrayList<>();
                List<String> refused = new ArrayList<>();
                for (Vote vote : votes.values()) {
                    if (vote.verdict() == Vote.Verdict.GRANTED) {
                        if (!vote.voter().equals(candidate)) {
                            granted.add(vote.voter().toString());
                        }
                    } else if (!won
                            || !(vote.verdict() == Vote.Verdict.ASKED
                                    || vote.voter().equals(previous))) {
                        refused.add(vote.voter() + " " + vote.verdict() + (won ? "" : " (" + candidate + ")"));
                    }
                }
                String whom = won ? "it" : candidate.toString();
                if (!granted.isEmpty()) {
                    clauses.add(and(granted) + (preVotes ? " would vote for " : " voted for ") + whom);
                } else if (won && parts.size() > 0 && votes.size() <= 1) {
                    clauses.add("its own vote was enough");
                } else if (!won && !preVotes && votes.containsKey(candidate)) {
                    clauses.add("only " + candidate + " voted for " + candidate);
                }
                clauses.addAll(refused);
            });
            return clauses;
        }

        /** By candidate and voter; what the voter itself says counts most, since it knows the reason. */
        private TreeMap<NodeId, TreeMap<NodeId, Vote>> lastWords(boolean preVotes) {
            TreeMap<NodeId, TreeMap<NodeId, Vote>> byCandidate = new TreeMap<>();
            for (Election part : parts) {
                for (Vote vote : part.votes()) {
                    if (vote.preVote() == preVotes) {
                        byCandidate
                                .computeIfAbsent(vote.candidate(), candidate -> new TreeMap<>())
                                .merge(
                                        vote.voter(),
                                        vote,
                                        (one, other) -> part.node().equals(vote.voter()) ? other : better(one, other));
                    }
                }
            }
            return byCandidate;
        }

        private static Vote better(Vote one, Vote other) {
            boolean oneSaysLess = one.verdict() == Vote.Verdict.ASKED
                    || (one.verdict() == Vote.Verdict.REFUSED && other.verdict() != Vote.Verdict.ASKED);
            return oneSaysLess ? other : one;
        }

        private static String and(List<String> names) {
            int last = names.size() - 1;
            return last == 0 ? names.get(0) : String.join(", ", names.subList(0, last)) + " and " + names.get(last);
        }
    }
}

package io.balsa.http;

import io.balsa.node.Election;
import io.balsa.node.ElectionCodec;
import io.balsa.node.ElectionStory;
import io.balsa.node.NodeStatus;
import io.balsa.raft.NodeId;
import io.balsa.raft.Vote;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/** The journal of elections, as this server and those that it can reach know it. Owned by one event loop. */
final class ElectionApi {
    private static final int LIST_DEFAULT = 20;
    private static final int LIST_MAX = 1_000;

    /** Each of them asks every other server. */
    private static final int AT_ONCE_MAX = 8;

    private final Dispatcher dispatcher;
    private final PeerElections peers;
    private int underWay;

    ElectionApi(Dispatcher dispatcher) {
        this.dispatcher = dispatcher;
        this.peers = new PeerElections(dispatcher.vertx, dispatcher.ports.httpUrl());
    }

    /** The last elections, the latest first. */
    void list(Exchange exchange) {
        int limit = exchange.parameters().positive(Parameter.LIMIT, LIST_DEFAULT, LIST_MAX);
        List<Election> own = new ArrayList<>(dispatcher.ports.elections().get());
        own.sort(Comparator.comparingLong(Election::term).reversed());
        own = own.subList(0, Math.min(limit, own.size()));
        gather(exchange, own, Operation.Route.ELECTIONS.template + "?local&limit=" + limit, (json, stories) -> {
            json.beginArray("elections");
            stories.values().stream().limit(limit).forEach(story -> {
                json.beginObject();
                summary(json, story);
                json.endObject();
            });
            json.endArray();
        });
    }

    /** One term's election, with what each server knows. */
    void one(Exchange exchange) {
        long term = termOf(exchange.path());
        List<Election> own = dispatcher.ports.elections().get().stream()
                .filter(election -> election.term() == term)
                .toList();
        gather(exchange, own, Operation.Route.ELECTION_PREFIX + term + "?local", (json, stories) -> {
            ElectionStory story = stories.get(term);
            if (story == null) {
                throw new Refused(Problem.of(
                        Problem.Code.NOT_FOUND,
                        "no server that can be reached knows of an election of term " + term
                                + "; each keeps the last 1,000"));
            }
            summary(json, story);
            json.beginArray("nodes");
            story.parts().forEach(part -> part(json, part));
            json.endArray();
        });
    }

    private static long termOf(String path) {
        String term = path.substring(Operation.Route.ELECTION_PREFIX.length());
        if (!term.matches("[0-9]{1,18}")) {
            throw new Refused(Problem.badRequest("a term is a number, not '" + term + "'"));
        }
        return Long.parseLong(term);
    }

    private interface Content {
        void write(JsonBuffer json, NavigableMap<Long, ElectionStory> stories);
    }

    private void gather(Exchange exchange, List<Election> own, String pathAndQuery, Content content) {
        NodeStatus status = dispatcher.status();
        boolean local = exchange.parameters().flag(Parameter.LOCAL);
        String accept = exchange.head().accept;
        if (local && accept != null && accept.contains("application/octet-stream")) {
            exchange.raftHeaders(status.leader(), status.term());
            exchange.send(200, Exchange.OCTETS, Buffer.buffer(ElectionCodec.encode(own)));
            return;
        }
        if (underWay >= AT_ONCE_MAX) {
            throw new Refused(Problem.busy("too many requests for elections are under way", AT_ONCE_MAX, underWay));
        }
        List<NodeId> others = status.members().stream()
                .map(NodeStatus.Member::id)
                .filter(id -> !local && !id.equals(status.id()))
                .toList();
        underWay++;
        exchange.handOver();
        Future<PeerElections.Answers> asked = peers.ask(others, pathAndQuery);
        asked.onComplete(answers -> {
            underWay--;
            List<Election> all = new ArrayList<>(own);
            all.addAll(answers.result().elections());
            try {
                answer(exchange, status, all, answers.result().unreachable(), content);
            } catch (Refused refused) {
                exchange.send(refused.problem());
            } catch (RuntimeException unexpected) {
                exchange.fail(unexpected);
            }
        });
    }

    private void answer(
            Exchange exchange,
            NodeStatus status,
            List<Election> known,
            Map<NodeId, String> unreachable,
            Content content) {
        exchange.raftHeaders(status.leader(), status.term());
        JsonBuffer json = dispatcher.json.clear();
        json.beginObject();
        content.write(json, ElectionStory.byTerm(known));
        json.beginArray("unreachable");
        for (Map.Entry<NodeId, String> peer : unreachable.entrySet()) {
            json.beginObject();
            json.field("node", peer.getKey().toString());
            json.field("reason", peer.getValue());
            json.endObject();
        }
        json.endArray();
        json.endObject();
        exchange.send(200, json);
    }

    private static void summary(JsonBuffer json, ElectionStory story) {
        json.field("term", story.term());
        json.field("at", Instant.ofEpochMilli(story.atMillis()).toString());
        json.field("trigger", story.trigger().word());
        node(json, "leader", story.leader());
        node(json, "previousLeader", story.previousLeader());
        millis(json, "durationMillis", story.durationMillis());
        millis(json, "leaderlessMillis", story.leaderlessMillis());
        json.field("explanation", story.sentence());
    }

    private static void part(JsonBuffer json, Election part) {
        json.beginObject();
        json.field("node", part.node().toString());
        json.field("at", Instant.ofEpochMilli(part.atMillis()).toString());
        json.field("trigger", part.trigger().word());
        json.field("outcome", part.outcome());
        node(json, "leader", part.leader());
        node(json, "previousLeader", part.previousLeader());
        millis(json, "heartbeatAgeMillis", part.heartbeatAgeMillis());
        millis(json, "pauseMillis", part.pauseMillis());
        millis(json, "commitMillis", part.commitMillis());
        millis(json, "durationMillis", part.durationMillis());
        millis(json, "leaderlessMillis", part.leaderlessMillis());
        json.field("earlierAttempts", part.attempts());
        json.beginArray("votes");
        for (Vote vote : part.votes()) {
            json.beginObject();
            json.field("candidate", vote.candidate().toString());
            json.field("voter", vote.voter().toString());
            json.field("preVote", vote.preVote());
            json.field("granted", vote.verdict() == Vote.Verdict.GRANTED);
            json.field("reason", vote.verdict().toString());
            json.endObject();
        }
        json.endArray();
        json.endObject();
    }

    private static void node(JsonBuffer json, String name, @Nullable NodeId node) {
        if (node == null) {
            json.nullField(name);
        } else {
            json.field(name, node.toString());
        }
    }

    private static void millis(JsonBuffer json, String name, long millis) {
        if (millis < 0) {
            json.nullField(name);
        } else {
            json.field(name, millis);
        }
    }
}

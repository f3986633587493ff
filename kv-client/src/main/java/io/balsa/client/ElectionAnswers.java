package io.balsa.client;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what the servers remember of elections. */
final class ElectionAnswers {
    private ElectionAnswers() {}

    static Calls.Call<Elections> last(int limit, CallOptions options) {
        RequestTarget target = RequestTarget.path("/v1/cluster/elections").with("limit", limit);
        return new Calls.Call<>(Operation.read("elections", target, ElectionAnswers::list), options);
    }

    static Calls.Call<Elections> of(long term, CallOptions options) {
        RequestTarget target = RequestTarget.path("/v1/cluster/elections/" + term);
        return new Calls.Call<>(Operation.read("election", target, ElectionAnswers::one), options);
    }

    static Elections list(HttpTransport.Reply reply) throws IOException {
        List<ElectionInfo> elections = new ArrayList<>();
        List<Elections.Unreachable> unreachable = new ArrayList<>();
        Answers.object(reply, (name, json) -> {
            switch (name) {
                case "elections" -> elections.addAll(Answers.array(json, ElectionAnswers::election));
                case "unreachable" -> unreachable.addAll(Answers.array(json, ElectionAnswers::unreachable));
                default -> json.skipChildren();
            }
        });
        return new Elections(elections, unreachable);
    }

    static Elections one(HttpTransport.Reply reply) throws IOException {
        Reader reader = new Reader();
        Answers.object(reply, reader);
        return new Elections(List.of(reader.toElection()), reader.unreachable);
    }

    private static ElectionInfo election(JsonParser json) throws IOException {
        Reader reader = new Reader();
        Answers.object(json, reader);
        return reader.toElection();
    }

    private static Elections.Unreachable unreachable(JsonParser json) throws IOException {
        Reader reader = new Reader();
        Answers.object(json, reader);
        return new Elections.Unreachable(reader.need("node", reader.node), reader.reason);
    }

    private static List<ElectionInfo.Vote> part(JsonParser json) throws IOException {
        Reader part = new Reader();
        Answers.object(json, part);
        List<ElectionInfo.Vote> votes = new ArrayList<>();
        for (Reader vote : part.partVotes) {
            votes.add(new ElectionInfo.Vote(
                    part.need("node", part.node),
                    vote.need("candidate", vote.candidate),
                    vote.need("voter", vote.voter),
                    vote.preVote,
                    vote.granted,
                    vote.reason));
        }
        return votes;
    }

    private static Reader vote(JsonParser json) throws IOException {
        Reader vote = new Reader();
        Answers.object(json, vote);
        return vote;
    }

    private static final class Reader implements Answers.MemberReader {
        private final Numbers numbers = new Numbers();
        private final List<ElectionInfo.Vote> votes = new ArrayList<>();
        private final List<Reader> partVotes = new ArrayList<>();
        private final List<Elections.Unreachable> unreachable = new ArrayList<>();
        private String at = "";
        private String trigger = "";
        private @Nullable String leader;
        private @Nullable String previousLeader;
        private String explanation = "";
        private long leaderlessMillis = -1;
        private @Nullable String node;
        private @Nullable String candidate;
        private @Nullable String voter;
        private boolean preVote;
        private boolean granted;
        private String reason = "";

        @Override
        public void read(String name, JsonParser json) throws IOException {
            switch (name) {
                case "at" -> at = json.getText();
                case "trigger" -> trigger = json.getText();
                case "leader" -> leader = json.getValueAsString();
                case "previousLeader" -> previousLeader = json.getValueAsString();
                case "explanation" -> explanation = json.getText();
                case "leaderlessMillis" ->
                    leaderlessMillis = json.currentToken() == JsonToken.VALUE_NULL ? -1 : json.getLongValue();
                case "node" -> node = json.getText();
                case "candidate" -> candidate = json.getText();
                case "voter" -> voter = json.getText();
                case "preVote" -> preVote = json.getBooleanValue();
                case "granted" -> granted = json.getBooleanValue();
                case "reason" -> reason = json.getText();
                case "votes" -> partVotes.addAll(Answers.array(json, ElectionAnswers::vote));
                case "nodes" -> Answers.array(json, ElectionAnswers::part).forEach(votes::addAll);
                case "unreachable" -> unreachable.addAll(Answers.array(json, ElectionAnswers::unreachable));
                default -> numbers.read(name, json);
            }
        }

        ElectionInfo toElection() throws IOException {
            return new ElectionInfo(
                    numbers.need("term"), at, trigger, leader, previousLeader, leaderlessMillis, explanation, votes);
        }

        <T> T need(String name, @Nullable T value) throws IOException {
            if (value == null) {
                throw new IOException("the answer lacks \"" + name + "\"");
            }
            return value;
        }
    }
}

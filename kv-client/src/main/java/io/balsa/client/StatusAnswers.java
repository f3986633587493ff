package io.balsa.client;

import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what the servers say of themselves. */
final class StatusAnswers {
    private StatusAnswers() {}

    static ServerStatus server(HttpTransport.Reply reply) throws IOException {
        StatusReader status = new StatusReader();
        Answers.object(reply, status);
        return new ServerStatus(
                status.need("id", status.id),
                status.need("role", status.role),
                status.numbers.need("term"),
                status.leader,
                status.leaderUrl,
                status.numbers.need("commitIndex"),
                status.numbers.need("lastApplied"),
                status.numbers.need("revision"),
                status.version);
    }

    static ClusterStatus cluster(HttpTransport.Reply reply) throws IOException {
        StatusReader status = new StatusReader();
        Answers.object(reply, status);
        return new ClusterStatus(
                status.numbers.need("term"),
                status.leader,
                status.leaderUrl,
                status.numbers.need("membershipRevision"),
                status.numbers.need("failureTolerance"),
                status.need("members", status.members));
    }

    /** Of a transfer. */
    static String newLeader(HttpTransport.Reply reply) throws IOException {
        StatusReader status = new StatusReader();
        Answers.object(reply, status);
        return status.need("leader", status.leader);
    }

    private static ClusterStatus.Member member(JsonParser json) throws IOException {
        StatusReader member = new StatusReader();
        Answers.object(json, member);
        return new ClusterStatus.Member(
                member.need("id", member.id),
                member.need("role", member.role),
                member.raftAddress,
                member.httpUrl,
                member.numbers.orElse("lag", -1));
    }

    private static final class StatusReader implements Answers.MemberReader {
        private final Numbers numbers = new Numbers();
        private @Nullable String id;
        private @Nullable String role;
        private @Nullable String leader;
        private @Nullable String leaderUrl;
        private @Nullable String raftAddress;
        private @Nullable String httpUrl;
        private String version = "";
        private @Nullable List<ClusterStatus.Member> members;

        @Override
        public void read(String name, JsonParser json) throws IOException {
            switch (name) {
                case "id" -> id = json.getText();
                case "role" -> role = json.getText();
                case "leader" -> leader = json.getValueAsString();
                case "leaderUrl" -> leaderUrl = json.getValueAsString();
                case "raftAddress" -> raftAddress = json.getValueAsString();
                case "httpUrl" -> httpUrl = json.getValueAsString();
                case "version" -> version = json.getText();
                case "members" -> members = Answers.array(json, StatusAnswers::member);
                default -> numbers.read(name, json);
            }
        }

        <T> T need(String name, @Nullable T value) throws IOException {
            if (value == null) {
                throw new IOException("the answer lacks \"" + name + "\"");
            }
            return value;
        }
    }
}

package io.balsa.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.balsa.node.ChangeResult;
import io.balsa.node.NodeStatus;
import io.balsa.node.Refusal;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.MembershipChange;
import io.balsa.raft.NodeId;
import io.balsa.raft.Proposal;
import io.vertx.core.http.HttpHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Who belongs to the cluster, and how operators change that. Owned by one event loop. */
final class MembersApi {
    private static final CharSequence ETAG = HttpHeaders.createOptimized("ETag");

    /** A server that is up answers at once. */
    private static final long DIAL_MILLIS_MAX = 3_000;

    private final Dispatcher dispatcher;

    MembersApi(Dispatcher dispatcher) {
        this.dispatcher = dispatcher;
    }

    /** The members as this server knows them. */
    void show(Exchange exchange) {
        NodeStatus status = dispatcher.status();
        exchange.raftHeaders(status.leader(), status.term());
        show(exchange, 200, status, status.membership());
    }

    private void show(Exchange exchange, int httpStatus, NodeStatus status, Membership membership) {
        exchange.putHeader(ETAG, Conditions.etag(membership.revision()));
        JsonBuffer json = dispatcher.json.clear();
        json.beginObject();
        json.field("clusterId", dispatcher.ports.clusterId());
        AdminApi.leader(json, status, dispatcher.ports.httpUrl());
        json.field("term", status.term());
        json.field("membershipRevision", membership.revision());
        json.field("failureTolerance", membership.failureTolerance());
        json.beginArray("members");
        for (Member member : membership.members()) {
            member(json, status, member);
        }
        json.endArray();
        json.endObject();
        exchange.send(httpStatus, json);
    }

    private void member(JsonBuffer json, NodeStatus status, Member member) {
        json.beginObject();
        json.field("id", member.id().toString());
        json.field("role", member.isVoter() ? "voter" : "learner");
        json.field("autoPromote", member.standing() == Member.Standing.JOINING);
        AdminApi.nullable(json, "raftAddress", member.address().isEmpty() ? null : member.address());
        AdminApi.nullable(json, "httpUrl", dispatcher.ports.httpUrl().apply(member.id()));
        AdminApi.nullable(json, "dataDirectoryId", member.directoryId().isEmpty() ? null : member.directoryId());
        json.field("isLeader", member.id().equals(status.leader()));
        for (NodeStatus.Member progress : status.members()) {
            if (status.isLeader() && progress.id().equals(member.id())) {
                json.field("matchIndex", progress.matchIndex());
                json.field("lag", Math.max(0, status.lastLogIndex() - progress.matchIndex()));
                json.field("sinceContactMillis", progress.sinceContactMillis());
            }
        }
        json.endObject();
    }

    /** The body names the new server. */
    void add(Exchange exchange, ByteBuffer body) {
        Draft draft = Draft.of(body);
        long revision = Conditions.membershipRevision(exchange.head().ifMatch);
        long timeoutMillis = exchange.parameters().timeoutMillis();
        NodeStatus status = dispatcher.status();
        if (!status.isLeader()) {
            Refusal reason = status.leader() == null ? Refusal.NO_LEADER : Refusal.NOT_LEADER;
            exchange.refusedByNode(reason, status.leader(), status.term());
            return;
        }
        if (status.membership().contains(draft.id())) {
            exchange.raftHeaders(status.leader(), status.term());
            exchange.send(Problem.of(Problem.Code.MEMBER_EXISTS, draft.id() + " is a member already"));
            return;
        }
        exchange.handOver();
        dispatcher
                .ports
                .dialBack()
                .dial(draft.id(), draft.address(), Math.min(timeoutMillis, DIAL_MILLIS_MAX), found -> {
                    if (found instanceof DialBack.Answer.Found server) {
                        change(exchange, new MembershipChange.Add(draft.learner(server.directoryId())), revision);
                    } else {
                        exchange.unusable(((DialBack.Answer.Unusable) found).reason());
                    }
                });
    }

    void remove(Exchange exchange) {
        change(exchange, new MembershipChange.Remove(member(exchange)));
    }

    void promote(Exchange exchange) {
        change(exchange, new MembershipChange.Promote(member(exchange)));
    }

    private void change(Exchange exchange, MembershipChange change) {
        long revision = Conditions.membershipRevision(exchange.head().ifMatch);
        exchange.admit(0);
        exchange.handOver();
        change(exchange, change, revision);
    }

    private void change(Exchange exchange, MembershipChange change, long revision) {
        dispatcher.ports.node().change(change, revision, exchange.parameters().timeoutMillis(), exchange::changed);
    }

    private static NodeId member(Exchange exchange) {
        try {
            return NodeId.parse(Operation.Route.memberOf(exchange.request.uri()));
        } catch (IllegalArgumentException notAnId) {
            throw new Refused(Problem.badRequest(Objects.requireNonNullElse(notAnId.getMessage(), "not a node id")));
        }
    }

    /** The node has replied, or the new server could not be used. */
    void changed(Exchange exchange) {
        String unusable = exchange.unusableReason;
        if (unusable != null) {
            NodeStatus status = dispatcher.status();
            exchange.raftHeaders(status.leader(), status.term());
            exchange.send(Problem.of(Problem.Code.MEMBER_UNUSABLE, unusable + "; nothing was changed"));
            return;
        }
        ChangeResult result = Objects.requireNonNull(exchange.changeResult);
        if (result instanceof ChangeResult.Changed changed) {
            exchange.raftHeaders(changed.leader(), changed.term());
            int status = exchange.operation() == Operation.ADD_MEMBER ? 201 : 200;
            show(exchange, status, dispatcher.status(), changed.membership());
        } else if (result instanceof ChangeResult.Rejected rejected) {
            exchange.raftHeaders(rejected.leader(), rejected.term());
            exchange.send(problem(rejected.proposal()));
        } else if (result instanceof ChangeResult.NotApplied refused) {
            exchange.refusedByNode(refused.reason(), refused.leader(), refused.term());
        } else if (result instanceof ChangeResult.Unknown unknown) {
            exchange.raftHeaders(unknown.leader(), unknown.term());
            exchange.send(Problem.of(unknown.reason(), unknown.leader(), false));
        }
    }

    private static Problem problem(Proposal.Rejected rejected) {
        String detail = rejected.detail() + "; nothing was changed";
        return switch (rejected.reason()) {
            case REVISION_MISMATCH ->
                new Problem(Problem.Code.PRECONDITION_FAILED, detail, null, -1, -1, rejected.revision(), false);
            case NOT_READY, CHANGE_IN_PROGRESS ->
                new Problem(Problem.Code.CHANGE_IN_PROGRESS, detail, null, -1, -1, -1, true);
            case NO_SUCH_MEMBER -> Problem.of(Problem.Code.MEMBER_NOT_FOUND, detail);
            case ALREADY_A_MEMBER -> Problem.of(Problem.Code.MEMBER_EXISTS, detail);
            case TOO_MANY_MEMBERS ->
                new Problem(Problem.Code.TOO_MANY_MEMBERS, detail, null, Membership.MEMBERS_MAX, -1, -1, false);
            case WOULD_COST_THE_QUORUM -> Problem.of(Problem.Code.QUORUM_AT_RISK, detail);
            case NOT_CAUGHT_UP -> Problem.of(Problem.Code.NOT_CAUGHT_UP, detail);
        };
    }

    /** What {@code POST /v1/cluster/members} asks for. */
    private record Draft(NodeId id, String address, boolean promote) {
        static Draft of(ByteBuffer body) {
            byte[] bytes = new byte[body.remaining()];
            body.get(body.position(), bytes);
            NodeId id = null;
            String address = null;
            boolean promote = true;
            try (JsonParser parser = AdminApi.JSON_FACTORY.createParser(bytes)) {
                if (parser.nextToken() != JsonToken.START_OBJECT) {
                    throw bad();
                }
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    JsonToken value = parser.nextToken();
                    if (name.equals("id") && value == JsonToken.VALUE_STRING) {
                        id = NodeId.parse(parser.getText());
                    } else if (name.equals("raftAddress") && value == JsonToken.VALUE_STRING) {
                        address = parser.getText();
                    } else if (name.equals("promote") && value.isBoolean()) {
                        promote = parser.getBooleanValue();
                    } else {
                        throw bad();
                    }
                }
                if (parser.nextToken() != null) {
                    throw bad();
                }
            } catch (JsonProcessingException notJson) {
                throw new Refused(Problem.badRequest("the body is not JSON: " + notJson.getOriginalMessage()));
            } catch (IllegalArgumentException notAnId) {
                throw new Refused(
                        Problem.badRequest(Objects.requireNonNullElse(notAnId.getMessage(), "not a node id")));
            } catch (IOException impossible) {
                throw new IllegalStateException(impossible);
            }
            return checked(id, address, promote);
        }

        private static Draft checked(@Nullable NodeId id, @Nullable String address, boolean promote) {
            if (id == null || address == null || !address.matches("[\\x21-\\x7e]{1,255}:[1-9][0-9]{0,4}")) {
                throw bad();
            }
            return new Draft(id, address, promote);
        }

        private static Refused bad() {
            return new Refused(Problem.badRequest("the body is like {\"id\":\"n4\",\"raftAddress\":\"10.0.0.4:9081\"},"
                    + " with \"promote\":false for a server that shall stay a learner"));
        }

        Member learner(String directoryId) {
            Member.Standing standing = promote ? Member.Standing.JOINING : Member.Standing.LEARNER;
            return new Member(id, standing, directoryId, address);
        }
    }
}

package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import io.balsa.raft.RaftConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What is true of every message that a server sends: it promises only what is durable, and there are not too many. */
final class MessageInvariants implements Checks {
    private static final int EVENTS_PENDING_MAX = 20_000;

    /** What a leader has sent to a follower since it last heard from it. */
    private static final class Unanswered {
        long term;
        long messages;
        long sinceMicros;
    }

    private record Link(NodeId from, NodeId to) {}

    private record Vote(String directoryId, long term) {}

    private final Simulation world;
    private final Map<Vote, NodeId> votes = new HashMap<>();
    private final Map<Link, Unanswered> unanswered = new HashMap<>();
    private final Map<Long, Long> readsAsked = new HashMap<>();

    MessageInvariants(Simulation world) {
        this.world = world;
    }

    @Override
    public void sending(SimulatedServer server, Envelope envelope) {
        Message message = envelope.message();
        HardState durable = server.disk.hardState();
        if (!(message instanceof Message.PreVote) && !(message instanceof Message.PreVoteReply)) {
            unless(
                    message.term() <= durable.currentTerm(),
                    "NothingLeavesBeforeItIsDurable",
                    "%s, but the disk says %s",
                    envelope,
                    durable);
        }
        if (message instanceof Message.RequestVote request) {
            vote(server, request.term(), server.id);
        } else if (message instanceof Message.RequestVoteReply reply && reply.voteGranted()) {
            vote(server, reply.term(), envelope.to());
        } else if (message instanceof Message.AppendEntries request) {
            vote(server, request.term(), server.id);
            appendEntries(server, envelope, request);
        } else if (message instanceof Message.AppendEntriesReply reply && reply.success()) {
            acknowledgement(server, envelope, reply.matchIndex());
        } else if (message instanceof Message.InstallSnapshot request) {
            vote(server, request.term(), server.id);
            world.committed.checkSnapshot(server.id.toString(), request.lastIncluded());
            snapshotIsNeeded(server, envelope);
        } else if (message instanceof Message.InstallSnapshotReply reply && reply.matchIndex() > 0) {
            acknowledgement(server, envelope, reply.matchIndex());
        } else if (message instanceof Message.ReadIndex request) {
            readsAsked.put(request.id(), world.committed.lastIndex());
        } else if (message instanceof Message.ReadIndexReply reply) {
            readIndexReply(envelope, reply);
        }
    }

    private void vote(SimulatedServer server, long term, NodeId candidate) {
        HardState durable = server.disk.hardState();
        // In a later term the vote is moot: it can never be given again.
        unless(
                durable.currentTerm() > term || (durable.currentTerm() == term && candidate.equals(durable.votedFor())),
                "NothingLeavesBeforeItIsDurable",
                "%s votes for %s in term %d, but its disk says %s",
                server.id,
                candidate,
                term,
                durable);
        NodeId first = votes.putIfAbsent(new Vote(server.directoryId, term), candidate);
        unless(
                first == null || first.equals(candidate),
                "OneVotePerTerm",
                "%s votes for %s and %s in term %d",
                server.id,
                first,
                candidate,
                term);
    }

    private void appendEntries(SimulatedServer server, Envelope envelope, Message.AppendEntries request) {
        unless(
                request.leaderCommit() <= world.committed.lastIndex(),
                "CommittedIsOnAMajority",
                "%s tells of more than the %d committed",
                envelope,
                world.committed.lastIndex());
        RaftConfig config = world.faults.config;
        long bytes = request.entries().stream().mapToLong(LogEntry::sizeBytes).sum();
        unless(
                bytes <= config.messageBytesMax() || request.entries().size() == 1,
                "MessagesAreBounded",
                "%s sends %d bytes in %d entries",
                server.id,
                bytes,
                request.entries().size());
        long expected = request.prevLog().index() + 1;
        for (LogEntry entry : request.entries()) {
            unless(entry.index() == expected++, "NoHoleInTheLog", "%s", envelope);
        }
    }

    private void acknowledgement(SimulatedServer server, Envelope envelope, long matchIndex) {
        long term = envelope.message().term();
        if (server.disk.hardState().currentTerm() > term) {
            return; // It has followed another leader within this turn; the old one's entries may be gone.
        }
        unless(
                matchIndex <= server.disk.last().index(),
                "NothingLeavesBeforeItIsDurable",
                "%s, but the disk ends at %s",
                envelope,
                server.disk.last());
        SimulatedServer.Life leader = world.server(envelope.to()).life();
        if (matchIndex > 0
                && matchIndex >= server.disk.anchor().index()
                && leader != null
                && leader.raft.isLeader()
                && leader.raft.currentTerm() == term) {
            EntryId acked = server.disk.idAt(matchIndex);
            unless(
                    leader.raft.contains(acked),
                    "AcknowledgedIsTheLeaders",
                    "%s acknowledges its own %s to %s",
                    server.id,
                    acked,
                    envelope.to());
        }
    }

    private static void snapshotIsNeeded(SimulatedServer server, Envelope envelope) {
        SimulatedServer.Life life = server.life();
        unless(
                life != null
                        && life.raft.matchIndexOf(envelope.to())
                                < life.raft.anchor().index(),
                "SnapshotOnlyWhereNeeded",
                "%s, but its receiver has what is before the log's first entry",
                envelope);
    }

    private void readIndexReply(Envelope envelope, Message.ReadIndexReply reply) {
        long asked = readsAsked.getOrDefault(reply.id(), Long.MAX_VALUE);
        unless(
                asked <= reply.readIndex() && reply.readIndex() <= world.committed.lastIndex(),
                "ReadIndexIsFresh",
                "%s, but %d entries were committed when it was asked for",
                envelope,
                asked);
    }

    /** A flood would end in a queue that grows without bound. */
    @Override
    public void sent(SimulatedServer server, List<Envelope> envelopes) {
        unless(
                world.scheduler.pending() < EVENTS_PENDING_MAX,
                "MessagesDoNotMultiply",
                "%d events are pending",
                world.scheduler.pending());
        for (Envelope envelope : envelopes) {
            if (envelope.message() instanceof Message.AppendEntries request
                    && !request.entries().isEmpty()) {
                window(server, envelope.to(), request.term());
            }
        }
    }

    /** Without an answer, a window's worth of messages with entries, and one more a heartbeat to find out. */
    private void window(SimulatedServer server, NodeId peer, long term) {
        Unanswered unanswered = unanswered(server.id, peer);
        long now = world.scheduler.nowMicros();
        if (unanswered.term != term || unanswered.messages == 0) {
            unanswered.term = term;
            unanswered.messages = 0;
            unanswered.sinceMicros = now;
        }
        unanswered.messages++;
        long heartbeats = (now - unanswered.sinceMicros) / server.heartbeatMicros();
        unless(
                unanswered.messages <= world.faults.config.windowMessagesMax() + heartbeats + 2,
                "WindowsAreBounded",
                "%s has sent %d messages with entries to %s in %d us without an answer",
                server.id,
                unanswered.messages,
                peer,
                now - unanswered.sinceMicros);
    }

    private Unanswered unanswered(NodeId leader, NodeId peer) {
        return unanswered.computeIfAbsent(new Link(leader, peer), link -> new Unanswered());
    }

    @Override
    public void received(SimulatedServer server, Envelope envelope) {
        if (envelope.message() instanceof Message.AppendEntriesReply) {
            unanswered(server.id, envelope.from()).messages = 0;
        }
    }
}

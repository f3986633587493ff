package io.balsa.transport;

import io.balsa.raft.Digest;
import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.MembershipCodec;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Draws messages of every kind, with the extremes of every field now and then. */
final class RandomMessages {
    static final int KINDS = 11;

    private final SplittableRandom random;

    RandomMessages(SplittableRandom random) {
        this.random = random;
    }

    static Envelope fromFirstToSecond(Message message) {
        return new Envelope(new NodeId(1), new NodeId(2), message);
    }

    Message draw() {
        return draw(random.nextInt(KINDS));
    }

    Message draw(int kind) {
        return switch (kind) {
            case 0 -> new Message.PreVote(number(), id());
            case 1 -> new Message.PreVoteReply(number(), random.nextBoolean());
            case 2 -> new Message.RequestVote(number(), id(), random.nextBoolean());
            case 3 -> new Message.RequestVoteReply(number(), random.nextBoolean());
            case 4 -> appendEntries();
            case 5 ->
                new Message.AppendEntriesReply(
                        number(), random.nextBoolean(), number(), number(), id(), number(), number(), digest());
            case 6 -> new Message.ReadIndex(number(), random.nextLong());
            case 7 -> new Message.ReadIndexReply(number(), random.nextLong(), number());
            case 8 -> new Message.TimeoutNow(number());
            case 9 ->
                new Message.InstallSnapshot(
                        number(),
                        number(),
                        id(),
                        random.nextLong(1L << 62),
                        bytes(1 + random.nextInt(300)),
                        random.nextBoolean());
            case 10 -> new Message.InstallSnapshotReply(number(), number(), random.nextBoolean(), number(), number());
            default -> throw new IllegalArgumentException("kind " + kind);
        };
    }

    private Message appendEntries() {
        EntryId prevLog = new EntryId(random.nextLong(1L << 62), number());
        List<LogEntry> entries = new ArrayList<>();
        int count = random.nextInt(5);
        for (int i = 1; i <= count; i++) {
            ByteBuffer command = bytes(random.nextInt(4) == 0 ? 0 : random.nextInt(300));
            entries.add(
                    random.nextInt(4) == 0
                            ? new LogEntry(prevLog.index() + i, number(), LogEntry.Kind.MEMBERSHIP, membership())
                            : new LogEntry(prevLog.index() + i, number(), command));
        }
        return new Message.AppendEntries(number(), prevLog, entries, number(), number(), number(), digest());
    }

    private Digest digest() {
        return new Digest(number(), random.nextLong());
    }

    private ByteBuffer bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private ByteBuffer membership() {
        List<Member> members = new ArrayList<>();
        for (int id = 1; id <= random.nextInt(6); id++) {
            Member.Standing standing = random.nextBoolean() ? Member.Standing.VOTER : Member.Standing.JOINING;
            members.add(new Member(new NodeId(id), standing, Long.toHexString(number()), "höst:" + id));
        }
        return MembershipCodec.encode(new Membership(0, "cluster", members));
    }

    private EntryId id() {
        return new EntryId(number(), number());
    }

    private long number() {
        return switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> Long.MAX_VALUE;
            case 2 -> random.nextInt(1000);
            default -> random.nextLong(Long.MAX_VALUE);
        };
    }
}

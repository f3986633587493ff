package io.balsa.node;

import io.balsa.raft.NodeId;
import io.balsa.raft.Vote;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Elections as bytes, for the disk and for the other servers:
 *
 * <pre>
 *   +---------+-------+----------------+-----+
 *   | version | count | election       | ... |
 *   +---------+-------+----------------+-----+
 *   version (1), count (4); an election is its fields in order: numbers and times (8), servers (4; 0: none), trigger
 *   (text), attempts (4), then its votes: count (2), each term (8), candidate (4), voter (4), preVote (1), verdict (text);
 *   a text is its length (2) and ASCII
 * </pre>
 */
public final class ElectionCodec {
    private static final int VERSION = 1;

    private ElectionCodec() {}

    public static byte[] encode(List<Election> elections) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256 * elections.size() + 8);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeInt(elections.size());
            for (Election election : elections) {
                write(out, election);
            }
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
        return bytes.toByteArray();
    }

    private static void write(DataOutputStream out, Election election) throws IOException {
        out.writeLong(election.number());
        writeNode(out, election.node());
        out.writeLong(election.term());
        out.writeLong(election.atMillis());
        out.writeUTF(election.trigger().name());
        writeNode(out, election.previousLeader());
        out.writeLong(election.previousTerm());
        writeNode(out, election.leader());
        out.writeLong(election.heartbeatAgeMillis());
        out.writeLong(election.pauseMillis());
        out.writeLong(election.commitMillis());
        out.writeLong(election.durationMillis());
        out.writeLong(election.leaderlessMillis());
        out.writeInt(election.attempts());
        out.writeShort(election.votes().size());
        for (Vote vote : election.votes()) {
            out.writeLong(vote.term());
            writeNode(out, vote.candidate());
            writeNode(out, vote.voter());
            out.writeBoolean(vote.preVote());
            out.writeUTF(vote.verdict().name());
        }
    }

    private static void writeNode(DataOutputStream out, @Nullable NodeId node) throws IOException {
        out.writeInt(node == null ? 0 : node.value());
    }

    /** Throws an IllegalArgumentException when these are not elections as {@link #encode} writes them. */
    public static List<Election> decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readUnsignedByte();
            if (version != VERSION) {
                throw new IllegalArgumentException(
                        "elections of version " + version + "; this server knows version " + VERSION);
            }
            int count = in.readInt();
            if (count < 0 || count > bytes.length) {
                throw new IllegalArgumentException(count + " elections in " + bytes.length + " bytes");
            }
            List<Election> elections = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                elections.add(read(in));
            }
            if (in.read() >= 0) {
                throw new IllegalArgumentException("bytes are left over after " + count + " elections");
            }
            return elections;
        } catch (IOException ended) {
            throw new IllegalArgumentException("the elections end within their fields", ended);
        }
    }

    private static Election read(DataInputStream in) throws IOException {
        return new Election(
                in.readLong(),
                node(in),
                in.readLong(),
                in.readLong(),
                Election.Trigger.valueOf(in.readUTF()),
                nodeOrNull(in),
                in.readLong(),
                nodeOrNull(in),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                in.readInt(),
                votes(in));
    }

    private static List<Vote> votes(DataInputStream in) throws IOException {
        int count = in.readUnsignedShort();
        List<Vote> votes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            votes.add(
                    new Vote(in.readLong(), node(in), node(in), in.readBoolean(), Vote.Verdict.valueOf(in.readUTF())));
        }
        return votes;
    }

    private static NodeId node(DataInputStream in) throws IOException {
        NodeId node = nodeOrNull(in);
        if (node == null) {
            throw new IllegalArgumentException("a server is missing");
        }
        return node;
    }

    private static @Nullable NodeId nodeOrNull(DataInputStream in) throws IOException {
        int value = in.readInt();
        if (value < 0) {
            throw new IllegalArgumentException("a server numbered " + value);
        }
        return value == 0 ? null : new NodeId(value);
    }
}

package io.balsa.raft;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A membership as the command of a log entry; the entry's index is its revision. Numbers are big-endian.
 *
 * <pre>
 *   version:1 = 1 | clusterId | members:4 | member, member, …
 *   member    id:4 | standing:1 (0 voter, 1 joining, 2 learner) | directoryId | address
 *   a text is its length:2 and UTF-8
 * </pre>
 */
public final class MembershipCodec {
    /** Of one text. */
    public static final int TEXT_BYTES_MAX = 512;

    private static final byte VERSION = 1;

    private MembershipCodec() {}

    /** The bytes, without the revision. */
    public static ByteBuffer encode(Membership membership) {
        int bytes = 1 + 2 + utf8(membership.clusterId()).length + 4;
        for (Member member : membership.members()) {
            bytes += 4 + 1 + 4 + utf8(member.directoryId()).length + utf8(member.address()).length;
        }
        ByteBuffer out = ByteBuffer.allocate(bytes).put(VERSION);
        writeText(out, membership.clusterId());
        out.putInt(membership.members().size());
        for (Member member : membership.members()) {
            out.putInt(member.id().value()).put(member.standing().number);
            writeText(out, member.directoryId());
            writeText(out, member.address());
        }
        return out.flip().asReadOnlyBuffer();
    }

    /**
     * Reads what {@link #encode} wrote; {@code in} does not move.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static Membership decode(long revision, ByteBuffer in) {
        ByteBuffer bytes = in.duplicate();
        try {
            byte version = bytes.get();
            if (version != VERSION) {
                throw new IllegalArgumentException("a membership of version " + version);
            }
            String clusterId = readText(bytes);
            int count = bytes.getInt();
            if (count < 0 || count > Membership.MEMBERS_MAX) {
                throw new IllegalArgumentException("a membership of " + count + " servers");
            }
            List<Member> members = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                members.add(readMember(bytes, members));
            }
            if (bytes.hasRemaining()) {
                throw new IllegalArgumentException(bytes.remaining() + " bytes left over after a membership");
            }
            return new Membership(revision, clusterId, members);
        } catch (BufferUnderflowException tooShort) {
            throw new IllegalArgumentException("a membership ends within its fields", tooShort);
        }
    }

    private static Member readMember(ByteBuffer in, List<Member> before) {
        int id = in.getInt();
        byte number = in.get();
        Member.Standing standing = Member.Standing.of(number);
        if (id <= 0 || standing == null) {
            throw new IllegalArgumentException("a member " + id + " of standing " + number);
        }
        NodeId node = new NodeId(id);
        if (before.stream().anyMatch(member -> member.id().equals(node))) {
            throw new IllegalArgumentException(node + " twice in a membership");
        }
        return new Member(node, standing, readText(in), readText(in));
    }

    private static byte[] utf8(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Check.that(bytes.length <= TEXT_BYTES_MAX, "a text of %d bytes in a membership", bytes.length);
        return bytes;
    }

    private static void writeText(ByteBuffer out, String text) {
        byte[] bytes = utf8(text);
        out.putShort((short) bytes.length).put(bytes);
    }

    private static String readText(ByteBuffer in) {
        int length = Short.toUnsignedInt(in.getShort());
        if (length > TEXT_BYTES_MAX || length > in.remaining()) {
            throw new IllegalArgumentException("a text of " + length + " bytes in a membership");
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

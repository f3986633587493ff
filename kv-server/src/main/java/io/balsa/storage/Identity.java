package io.balsa.storage;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.balsa.node.StorageException;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Whose data a directory holds; one line of JSON, so that a person can read it.
 *
 * <pre>
 * {"format":1,"cluster":"kon-tiki","node":"n1","directory":"0f3c…","members":"n1=10.0.0.1:9081/0f3c…,n2=…"}
 * </pre>
 *
 * @param directoryId 32 hexadecimal digits, drawn once: tells a wiped disk from the one that a vote was cast on
 * @param pledgeMillis the longest pledge (see {@code raft.Leases}) that any process may have given on it; 0: none, and not in the file
 * @param members the cluster's first membership, with each one's address and directory; null: not formed, or not from here
 * @param voters the newest known, for a server that can no longer read its log; empty: never known
 * @param replaces the id of the directory whose store was set aside here last; null: none
 * @param moving where that store is being moved to; null: it is there
 */
record Identity(
        String clusterId,
        NodeId node,
        String directoryId,
        long pledgeMillis,
        @Nullable Membership members,
        List<NodeId> voters,
        @Nullable String replaces,
        @Nullable String moving) {
    private static final int FORMAT = 1;
    private static final int FILE_BYTES_MAX = 64 << 10;
    private static final int ID_BYTES = 16;

    static Identity create(String clusterId, NodeId node) {
        byte[] random = new byte[ID_BYTES];
        new SecureRandom().nextBytes(random);
        return new Identity(clusterId, node, HexFormat.of().formatHex(random), 0, null, List.of(), null, null);
    }

    Identity formed(Membership first) {
        return new Identity(clusterId, node, directoryId, pledgeMillis, first, first.voters(), replaces, moving);
    }

    Identity pledged(long millis) {
        long longest = Math.max(pledgeMillis, millis);
        return new Identity(clusterId, node, directoryId, longest, members, voters, replaces, moving);
    }

    /** The same directory, as the beginning of another cluster, of this server alone. */
    Identity of(String newClusterId) {
        return new Identity(newClusterId, node, directoryId, pledgeMillis, null, List.of(node), null, null);
    }

    Identity withVoters(List<NodeId> newVoters) {
        return new Identity(clusterId, node, directoryId, pledgeMillis, members, newVoters, replaces, moving);
    }

    /** Another directory of the same server, while this one's store is moved. */
    Identity replacedBy(String whereItGoes) {
        String created = create(clusterId, node).directoryId;
        return new Identity(clusterId, node, created, pledgeMillis, null, voters, directoryId, whereItGoes);
    }

    Identity moved() {
        return new Identity(clusterId, node, directoryId, pledgeMillis, members, voters, replaces, null);
    }

    private static String text(Membership members) {
        return members.members().stream()
                .map(member -> member.id() + "=" + member.address() + "/" + member.directoryId())
                .collect(Collectors.joining(","));
    }

    /** Throws IllegalArgumentException when it is not what {@link #text} wrote. */
    private static Membership members(String clusterId, String text) {
        List<Member> members = new ArrayList<>();
        for (String member : text.split(",", -1)) {
            int equals = member.indexOf('=');
            int slash = member.lastIndexOf('/');
            if (equals < 0 || slash < equals) {
                throw new IllegalArgumentException("'" + member + "' is not a member");
            }
            members.add(new Member(
                    NodeId.parse(member.substring(0, equals)),
                    Member.Standing.VOTER,
                    member.substring(slash + 1),
                    member.substring(equals + 1, slash)));
        }
        return new Membership(0, clusterId, members);
    }

    /** Writes so that at any moment the file is either absent or whole. */
    void writeTo(Path file) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("format", FORMAT);
            json.writeStringField("cluster", clusterId);
            json.writeStringField("node", node.toString());
            json.writeStringField("directory", directoryId);
            if (pledgeMillis > 0) {
                json.writeNumberField("pledgeMillis", pledgeMillis);
            }
            if (members != null) {
                json.writeStringField("members", text(members));
            }
            if (!voters.isEmpty()) {
                json.writeStringField(
                        "voters", voters.stream().map(NodeId::toString).collect(Collectors.joining(",")));
            }
            if (replaces != null) {
                json.writeStringField("replaces", replaces);
            }
            if (moving != null) {
                json.writeStringField("moving", moving);
            }
            json.writeEndObject();
        }
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text + "\n");
        Path directory = file.toAbsolutePath().getParent();
        Path draft = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true); // The name, too.
        }
    }

    /** Reads what {@link #writeTo} wrote; refuses anything else with a {@link StorageException}. */
    static Identity readFrom(Path file) throws IOException {
        if (Files.size(file) > FILE_BYTES_MAX) {
            throw unreadable(file, "it has " + Files.size(file) + " bytes", null);
        }
        Map<String, String> fields = fields(file);
        if (!String.valueOf(FORMAT).equals(fields.get("format"))) {
            throw new StorageException(file + " is of format " + fields.get("format") + ", this program knows format "
                    + FORMAT + ". Run the version of Balsa that wrote it, or a newer one.");
        }
        String cluster = fields.get("cluster");
        String node = fields.get("node");
        String directory = fields.get("directory");
        if (cluster == null || node == null || directory == null || !directory.matches("[0-9a-f]{32}")) {
            throw unreadable(file, "it holds " + fields, null);
        }
        try {
            String members = fields.get("members");
            long pledgeMillis = Long.parseLong(fields.getOrDefault("pledgeMillis", "0"));
            Membership first = members == null ? null : members(cluster, members);
            return new Identity(
                    cluster,
                    NodeId.parse(node),
                    directory,
                    pledgeMillis,
                    first,
                    voters(fields.get("voters"), first),
                    fields.get("replaces"),
                    moving(fields.get("moving")));
        } catch (IllegalArgumentException wrong) {
            throw unreadable(file, "it holds " + fields, wrong);
        }
    }

    private static List<NodeId> voters(@Nullable String text, @Nullable Membership first) {
        if (text == null) {
            return first == null ? List.of() : first.voters();
        }
        return Stream.of(text.split(",", -1)).map(NodeId::parse).toList();
    }

    private static @Nullable String moving(@Nullable String name) {
        if (name != null && !name.matches(SetAside.PREFIX + "[0-9TZ-]+")) {
            throw new IllegalArgumentException("'" + name + "' is no place to move a store to");
        }
        return name;
    }

    private static Map<String, String> fields(Path file) throws IOException {
        Map<String, String> fields = new TreeMap<>();
        try (JsonParser json = new JsonFactory().createParser(Files.readString(file))) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw unreadable(file, "it is not a JSON object", null);
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                if (!json.nextToken().isScalarValue()) {
                    throw unreadable(file, "'" + name + "' is neither text nor a number", null);
                }
                fields.put(name, json.getText());
            }
        } catch (JsonProcessingException | CharacterCodingException broken) {
            throw unreadable(file, "it is not JSON", broken);
        }
        return fields;
    }

    private static StorageException unreadable(Path file, String found, @Nullable Exception cause) {
        String message = file + " cannot be understood: " + found
                + ". Restore it from a copy, or move the data directory" + " aside and start with an empty one.";
        return cause == null ? new StorageException(message) : new StorageException(message, cause);
    }
}
